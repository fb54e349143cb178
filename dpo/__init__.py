"""From a judge to better models: preference data from a model's own outputs, and DPO with it."""
