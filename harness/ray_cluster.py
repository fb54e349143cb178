"""The Ray cluster that replicas run on: a running one, or this machine."""

from __future__ import annotations

import logging
import os
import signal
from dataclasses import dataclass
from typing import Any

from .errors import UserError

_SHARED = 256 << 20
"""Bytes of shared memory on this machine; what is under way there is small."""


@dataclass(frozen=True)
class Cluster:
    """A cluster this process is connected to, and what a replica there needs.

    ``own``: it was started here, and ends with :meth:`close`.
    """

    replicas: int
    cpus: float
    gpus: float
    own: bool
    nodes: int

    def __str__(self) -> str:
        where = "this machine" if self.own else f"a Ray cluster of {self.nodes} nodes"
        return f"{self.replicas} replicas on {where}, {self.need} each"

    @property
    def need(self) -> str:
        """What each replica needs."""
        return f"{self.cpus:g} CPUs" + (f" and {self.gpus:g} GPUs" if self.gpus else "")

    def start(self, actor: type, concurrency: int, *arguments: object) -> Any:
        """An actor, somewhere; it is not started again when it dies."""
        import ray

        return (
            ray.remote(actor)
            .options(
                num_cpus=self.cpus,
                num_gpus=self.gpus,
                max_concurrency=concurrency,
                max_restarts=0,
                max_task_retries=0,
                scheduling_strategy="SPREAD",
            )
            .remote(*arguments)
        )

    @staticmethod
    def stop(actor: Any) -> None:
        """End an actor, in the middle of what it does; nothing happens if it has ended."""
        import ray

        try:
            ray.kill(actor)
        except (ray.exceptions.RayError, ValueError):
            return

    @staticmethod
    def free() -> str:
        """What nobody uses, in words."""
        import ray

        there = ray.available_resources()
        return f"{there.get('CPU', 0):g} CPUs, {there.get('GPU', 0):g} GPUs"

    def close(self) -> None:
        """Let go of the cluster."""
        import ray

        if self.own:
            ray.shutdown()


def connected(
    address: str | None, cpus: float, gpus: float | None, spread: float, replicas: int | None
) -> Cluster:
    """Connect, unless that was done before, and see how many replicas there is room for.

    Args:
        address: of a running cluster; *None* is ``$RAY_ADDRESS``, else this machine.
        cpus, gpus: for each replica.
        spread: its GPUs if ``gpus`` is *None*, on a cluster that has any.
        replicas: how many are wanted; *None* is as many as there is room for.

    Raises:
        UserError: no cluster can be had, or it has no room.
    """
    import ray

    running = address or os.environ.get("RAY_ADDRESS") or None
    own = not ray.is_initialized()
    if own:
        _join(running)
    there = ray.cluster_resources()
    has = there.get("GPU", 0.0)
    need = gpus if gpus is not None else spread if has else 0.0
    room = min(
        there.get("CPU", 0.0) / cpus if cpus else float("inf"),
        has / need if need else float("inf"),
    )
    grows = running is not None  # a cluster may; this machine does not
    number = replicas or max(1, int(room if room < float("inf") else there.get("CPU", 1)))
    found = Cluster(number, cpus, need, own, len(ray.nodes()))
    if number > room + 1e-9 and not grows:
        found.close()
        raise UserError(
            f"{number} replicas of {found.need} do not fit here: there are {there.get('CPU', 0):g}"
            f" CPUs and {has:g} GPUs; say fewer --engine-arg replicas=N, or smaller cpus= and gpus="
        )
    return found


def _join(address: str | None) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # on this machine replicas are the work
    stops = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init(address="local", include_dashboard=False, object_store_memory=_SHARED, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        reason = (str(error).strip().splitlines() or ["?"])[0]
        raise UserError(
            f"no Ray cluster at {address or 'this machine'}: {reason}. Check --engine-arg address="
            " and that `ray status` answers there"
        ) from None
    for number, handler in stops.items():  # Ray takes SIGTERM for itself
        signal.signal(number, handler)
