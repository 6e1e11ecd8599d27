"""What an operator may set for the exchange of papers, in [services.documents.exchange] of the node file."""

from pydantic import BaseModel, ConfigDict, Field

from documents.exchange.domain import Urgency


class ExchangeSettings(BaseModel):
    """urge_hours: so long after it was sent, and again each time, the system urges who has not signed for it (催办)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urge_hours: dict[Urgency, float] = Field(default={"ordinary": 48, "urgent": 8, "extra-urgent": 2})
    most_urges: int = Field(default=5, ge=0, description="so often, by the system; people may urge at any time")

    def hours(self, urgency: str) -> float:
        """For an urgency that is not named, those of an ordinary paper."""
        found = {str(each): hours for each, hours in self.urge_hours.items()}
        return found.get(urgency, found.get("ordinary", 48))
