"""What an operator may set for intake, in [services.intake] of the node file."""

from pydantic import BaseModel, ConfigDict, Field

from intake.domain import GroupPolicy


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    failed_lookups_per_hour: int = Field(default=10, ge=1, description="wrong query codes for one number")
    public_petitions_per_minute: int = Field(
        default=600, ge=1, description="from the public page, all callers together"
    )
    group_from: int = Field(default=5, ge=2, description="head-count that makes a group petition")
    representatives: int = Field(default=5, ge=1, description="that may speak for a group (Art 20)")
    repeat_score: float = Field(
        default=45, ge=0, le=100, description="texts of one person so similar are taken for one matter"
    )
    merge_score: float = Field(
        default=70, ge=0, le=100, description="petitions of other people so similar are proposed to be merged"
    )
    similar_among: int = Field(default=100, ge=0, le=1000, description="newest petitions compared with a new one")
    terminated_buckets_per_day: int = Field(
        default=5000, ge=2000, le=65_536, description="that one node may ask of what went through re-review (Art 36)"
    )
    terminated_waiting: int = Field(
        default=50_000, ge=0, description="questions of one node beyond that which wait for another day"
    )
    proposals: int = Field(default=20, ge=1, le=100, description="shown at most")

    @property
    def groups(self) -> GroupPolicy:
        return GroupPolicy(self.group_from, self.representatives)
