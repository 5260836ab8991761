"""Where something was said or clicked, and by whom. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A thread, or a direct message without one, and a member in it."""

    team: str
    """The workspace that the event came from."""
    channel: str
    thread: str | None
    """``ts`` of the message that the thread hangs under; None for a direct message that is in no thread."""
    member: str
    """Slack's id of the member."""
    member_team: str
    """The workspace that the member belongs to, which is another one in a shared channel."""

    @property
    def user(self) -> str:
        """The user of the assistant. Ids of members are unique within their workspace alone."""
        return f"slack/{self.member_team}/{self.member}"

    @property
    def conversation(self) -> str:
        return "/".join(("slack", self.team, self.channel, *((self.thread,) if self.thread else ())))

    @property
    def direct(self) -> bool:
        """Whether the member and the bot are alone."""
        return self.channel.startswith("D")


def place_of_event(body: dict[str, Any]) -> Place:
    """Of a message or a mention. A mention in a channel begins a thread under itself."""
    event = body["event"]
    team = str(body.get("team_id") or event.get("team") or "")
    direct = event.get("channel_type") == "im"
    return Place(
        team=team,
        channel=str(event["channel"]),
        thread=event.get("thread_ts") or (None if direct else event["ts"]),
        member=str(event["user"]),
        member_team=str(event.get("user_team") or event.get("team") or team),
    )


def place_of_action(body: dict[str, Any]) -> Place | None:
    """Of a click below a message; None for one elsewhere."""
    message, channel = body.get("message") or {}, (body.get("channel") or {}).get("id")
    team = (body.get("team") or {}).get("id") or (body.get("user") or {}).get("team_id")
    member = (body.get("user") or {}).get("id")
    if not (channel and team and member and message.get("ts")):
        return None
    return Place(
        team=str(team),
        channel=str(channel),
        thread=message.get("thread_ts"),
        member=str(member),
        member_team=str((body.get("user") or {}).get("team_id") or team),
    )
