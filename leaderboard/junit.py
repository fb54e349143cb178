"""Gates as JUnit XML, which CI systems show as tests: one test case a rule."""

from __future__ import annotations

from xml.etree import ElementTree

from .compare_model import Comparison, RuleResult
from .layout import plain


def junit(comparison: Comparison) -> str:
    """The test suite; a comparison without gates has one test, which passes.

    A rule that fails is a *failure*, one that cannot decide an *error*, and one that passes only by
    ``on_inconclusive: pass`` is *skipped*.
    """
    cases = [_case(result) for result in comparison.gates]
    if not cases:
        cases = [ElementTree.Element("testcase", classname="unieval.compare", name="comparable")]
    counts = {
        name: str(sum(case.find(tag) is not None for case in cases))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    counts = {"tests": str(len(cases)), **counts}
    root = ElementTree.Element("testsuites", {"name": "unieval compare", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "unieval compare", **counts})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in zip(("baseline", "candidate"), comparison.paths, strict=True):
        ElementTree.SubElement(properties, "property", name=name, value=plain(value))
    suite.extend(cases)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(result: RuleResult) -> ElementTree.Element:
    name = plain(f"{result.gate} {result.rule} {result.limit:g}")
    case = ElementTree.Element("testcase", classname="unieval.compare", name=name)
    reason = plain(result.reason)
    if result.outcome == "fail":
        told = ElementTree.SubElement(case, "failure", type=result.rule, message=reason)
    elif result.outcome == "inconclusive":
        told = ElementTree.SubElement(case, "error", type="inconclusive", message=reason)
    elif result.decided == "inconclusive":
        told = ElementTree.SubElement(case, "skipped", message=reason)
    else:
        told = ElementTree.SubElement(case, "system-out")
    told.text = reason
    return case
