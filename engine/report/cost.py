"""What a run asked and spent, in a line for people."""

from __future__ import annotations

from engine.store.runs import Status


def cost_line(status: Status) -> str:
    """What a run asked and spent, in one line."""
    vision = status.asked.get("describe", 0) + status.asked.get("verify", 0)
    vectors, steps = status.asked.get("embed", 0), status.asked.get("evaluations", 0)
    learned, made = status.asked.get("steps", 0), status.asked.get("translations", 0)
    chat = sum(status.asked.values()) - vision - vectors - steps - learned - made - status.asked.get("features", 0)
    known = sum(status.known.values())
    parts = [f"{vectors:,} vectors computed"] if vectors else []
    if steps:
        parts.append(f"{steps:,} evaluations of the denoiser")
    parts += [f"{learned:,} step{'s' * (learned != 1)} of training"] if learned else []
    parts += [f"{made:,} picture{'s' * (made != 1)} made"] if made else []
    if vision or chat or known:
        parts = [
            f"{vision:,} vision and {chat:,} chat question{'s' * (chat != 1)} asked",
            f"{known:,} answer{'s' * (known != 1)} known before",
        ]
        parts.append(f"{status.tokens_in + status.tokens_out:,} tokens")
    if status.money is not None:
        parts.append(f"{status.money:.4g} money")
    parts.append(time_told(status.seconds))
    if status.failed:
        parts.append(f"{status.failed:,} without an answer")
    return " · ".join(parts)


def time_told(seconds: float | None) -> str:
    """Seconds, minutes or hours."""
    seconds = seconds or 0.0
    if seconds < 90:
        return f"{seconds:,.0f} s" if seconds >= 1 or not seconds else "1 s"
    return f"{seconds / 60:,.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"
