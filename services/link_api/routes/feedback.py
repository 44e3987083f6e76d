"""How users like it."""

from fastapi import APIRouter
from prometheus_client import Counter

from link_api.parts import Use, User
from link_api.schemas.feedback import Feedback, FeedbackGiven
from link_api.store import feedback

router = APIRouter(prefix="/api/feedback", tags=["feedback"])

RATINGS = Counter("feedback_total", "Ratings given, 1 to 5; none where a user would not say", ["rating"])


@router.get("")
async def get_feedback(parts: Use, user: User) -> Feedback:
    """Get what you said about us last, and whether it is time to be asked: once, after the first import."""
    async with parts.database.transaction() as session:
        row = await feedback.read(session, user.user_id)
    return Feedback.model_validate(dict(row))


@router.post("")
async def give_feedback(parts: Use, user: User, body: FeedbackGiven) -> Feedback:
    """Rate us from 1 to 5 and say why; your latest word stands. A null ends the question without an answer."""
    async with parts.database.transaction() as session:
        await feedback.write(session, user.user_id, body.rating, body.comment)
        row = await feedback.read(session, user.user_id)
    RATINGS.labels("none" if body.rating is None else str(body.rating)).inc()
    return Feedback.model_validate(dict(row))
