"""Says hello."""

from greet.web import app

__all__ = ["app"]
