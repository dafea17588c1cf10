"""The slip that a worker reads and signs: the exact text, and room for who and when."""

from ..contract.language import Message, said
from ..gate.people.consent_text import ConsentText
from .page import field, heading, page, paragraph, signatures


def slip(text: ConsentText, code: str, name: str) -> str:
    """The page in the text's own language. It says which text it is, down to the hash."""
    language = text.language

    def words(key: str) -> str:
        return said(Message(f"consent.slip-{key}"), language)

    title, *paragraphs = text.body.strip().split("\n\n")
    return page(
        title,
        language,
        [
            heading(title),
            field(words("employer")),
            *map(paragraph, paragraphs),
            heading(words("answer"), 2),
            paragraph("☐ " + words("yes")),
            paragraph("☐ " + words("no")),
            field(words("name"), name),
            field(words("code"), code),
            field(words("day")),
            signatures(words("worker"), words("witness")),
            paragraph(f"{words('which')} {text.name} · SHA-256 {text.hash}", "small"),
        ],
    )
