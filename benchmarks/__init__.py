"""How fast Regulars is, beside the limit of the machine it runs on, measured in the same run.

`python -m benchmarks [NAME …] [--quick] [--json]`. A benchmark is a module here with `run(bench)`
that answers rows: ours, the peer's, their ratio, what was asked, and whether it was met.
"""
