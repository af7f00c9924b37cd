"""What the library is for, in one sentence."""

from .durations import DurationError, parse_duration

__all__ = ["DurationError", "parse_duration"]
