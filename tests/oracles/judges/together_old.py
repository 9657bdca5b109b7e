"""A process with together 1.5.35: paths of files come in, one a line, verdicts go out as JSON."""

import json
import sys

from together.utils.files import check_file
from together.version import VERSION

assert VERSION == "1.5.35", VERSION

for path in sys.stdin:
    try:
        report = check_file(path.strip())
        reason = None if report["is_check_passed"] else str(report.get("message") or report)
    except Exception as error:  # noqa: BLE001 (where it falls over, the package's upload does)
        reason = f"{type(error).__name__}: {error}"
    print(json.dumps(reason), flush=True)  # noqa: T201 (the answer)
