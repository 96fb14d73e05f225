"""Prints template.yaml with its loops written out, for tools that know none.

Usage: written_out.py template.yaml
"""

import json
import sys

from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from samcli.yamlhelper import yaml_parse


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        template = yaml_parse(file.read())
    result = expand_language_extensions(template, enabled=True)
    resources = result.expanded_template["Resources"]
    loops = [name for name in resources if name.startswith("Fn::")]
    assert not loops, f"{loops} are still there"
    print(json.dumps(result.expanded_template, indent=1))


if __name__ == "__main__":
    main()
