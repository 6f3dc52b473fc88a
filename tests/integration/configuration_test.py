#!/usr/bin/env python3
"""server/CONFIGURATION.md is what `slowwave config reference` prints, and lists all that the daemon takes."""

import re
import subprocess
import unittest

from support import daemon, wire

DOCUMENT = wire.ROOT / "server" / "CONFIGURATION.md"


def output_of(*arguments):
    return subprocess.run(
        [daemon.binary(), *arguments], capture_output=True, encoding="utf-8", check=True, timeout=daemon.PATIENCE_SECONDS
    ).stdout


def rows(document):
    """[key, default, allowed, meaning, environment, flag], without the marks of code."""
    lines = [line for line in document.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


class Configuration(unittest.TestCase):
    maxDiff = None

    def test_the_document_is_the_binarys(self):
        self.assertEqual(
            DOCUMENT.read_text(encoding="utf-8"),
            output_of("config", "reference"),
            "write it anew: build/slowwave config reference > server/CONFIGURATION.md",
        )

    def test_it_lists_every_flag_and_its_default(self):
        listed = {flag: default for _, default, _, _, _, flag in rows(output_of("config", "reference"))}
        known = output_of("serve", "--help")
        offered = set(re.findall(r"^\s+(?:-\w,\s*)?(--[a-z-]+)", known, re.M))
        self.assertEqual(set(listed), offered - {"--help", "--config", "--ready-file"})
        shown = re.sub(r"\s+", " ", known)
        for flag, default in listed.items():
            if default:
                self.assertRegex(shown, rf"{flag}\b[^\[]*(?:\[-1, 1\][^\[]*)?\[{re.escape(default)}\]")

    def test_the_allowed_ranges_are_those_that_are_enforced(self):
        ranges = 0
        for key, _, allowed, _, environment, _ in rows(output_of("config", "reference")):
            found = re.fullmatch(r"a (?:whole )?number from (\S+) to (\S+)", allowed)
            if not found:
                continue
            ranges += 1
            for bad in (float(found.group(1)) - 1, float(found.group(2)) + 1):
                done = subprocess.run(
                    [daemon.binary(), "serve"], capture_output=True, encoding="utf-8", timeout=daemon.PATIENCE_SECONDS,
                    env={environment: f"{bad:.0f}", "HOME": "/nonexistent"}, check=False,
                )  # fmt: skip
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(f"{key} is '{bad:.0f}'; allowed: {allowed}", done.stderr)
        self.assertGreater(ranges, 20)


if __name__ == "__main__":
    unittest.main()
