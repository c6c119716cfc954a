"""What a person is told about their own data."""

from profiles.privacy.report import PersonReport, Section, to_html, to_json

__all__ = ["PersonReport", "Section", "to_html", "to_json"]
