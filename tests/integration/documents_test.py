#!/usr/bin/env python3
"""Documents name what there is: files, headings, calls and their roles."""

import re
import unittest

from support import documents, wire

IGNORED = {"build", "node_modules"}


def all_documents():
    found = []
    for path in sorted(wire.ROOT.rglob("*.md")):
        parts = path.relative_to(wire.ROOT).parts
        if not any(part in IGNORED or part.startswith((".", "build-")) for part in parts):
            found.append(path)
    return found


def prose(text):
    """Without blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def anchors(text):
    """What GitHub calls a document's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text):
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))


class Documents(unittest.TestCase):
    def test_links_lead_somewhere(self):
        seen = 0
        for document in all_documents():
            for link in links(document.read_text(encoding="utf-8")):
                if link.startswith(("http://", "https://")):
                    continue
                with self.subTest(document=document.name, link=link):
                    seen += 1
                    name, _, heading = link.partition("#")
                    target = (document.parent / name).resolve() if name else document
                    self.assertTrue(target.exists())
                    if heading:
                        self.assertIn(heading, anchors(target.read_text(encoding="utf-8")))
        self.assertGreater(seen, 15)

    def test_every_document_can_be_reached_from_the_readme(self):
        reached, left = set(), [wire.ROOT / "README.md"]
        while left:
            document = left.pop()
            if document in reached:
                continue
            reached.add(document)
            for link in links(document.read_text(encoding="utf-8")):
                if link.startswith(("http://", "https://", "#")):
                    continue
                target = (document.parent / link.partition("#")[0]).resolve()
                target = target / "README.md" if target.is_dir() else target
                if target.suffix == ".md" and target.exists():
                    left.append(target)
        self.assertEqual(set(all_documents()) - reached, set())

    def test_roles_are_those_that_are_asked_for(self):
        table = documents.section(documents.text_of("server/SECURITY.md"), "Which role for which call")
        told = {call: role for role, calls in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.M)
                for call in re.findall(r"`(\w+)`", calls)}  # fmt: skip
        asked = dict(re.findall(r'\{"([A-Z]\w+)", Role::k(\w+)\}', documents.text_of("server/access.cc")))
        self.assertEqual(told, {call: role.lower() for call, role in asked.items()})
        self.assertEqual(set(told), {name for _, name in wire.METHODS})


if __name__ == "__main__":
    unittest.main()
