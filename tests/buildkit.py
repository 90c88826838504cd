"""Reads Dockerfiles, one JSON string a line, with BuildKit's own parser (PyPI `dockerfile`); writes what it found."""

import json
import sys

import dockerfile

for line in sys.stdin:
    try:
        commands = dockerfile.parse_string(json.loads(line))
    except dockerfile.GoParseError as error:
        found = {"error": str(error)}
    except UnicodeDecodeError:
        # BuildKit split a character in two.
        found = {"broken": True}
    else:
        found = {"commands": [
            {
                "keyword": command.cmd or "",
                "inner": command.sub_cmd or "",
                "json": command.json,
                "original": command.original or "",
                "flags": command.flags,
                "values": command.value,
                "heredocs": [[heredoc.name, heredoc.file_descriptor, heredoc.content] for heredoc in command.heredocs],
            }
            for command in commands
        ]}
    print(json.dumps(found))
