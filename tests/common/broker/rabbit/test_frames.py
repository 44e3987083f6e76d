from types import SimpleNamespace

import pytest
from pamqp import frame
from pamqp.body import ContentBody

from common.broker.rabbit.envelope import pack
from common.broker.rabbit.pipeline import Target, _frames
from tests.common.broker.site import message


@pytest.mark.parametrize("frame_max", [0, 9, 4096])
def test_frames_of_any_size(frame_max: int) -> None:
    """A body goes out whole, in pieces as large as was agreed upon; 0 means that there is no limit."""
    channel = SimpleNamespace(number=1, max_content_size=frame_max - 8)
    frames = _frames(channel, pack(message(body=b"abc" * 1000)), Target("", "tests.first", True))  # type: ignore[arg-type]
    sizes = []
    while frames:
        used, _, read = frame.unmarshal(frames)
        frames = frames[used:]
        if isinstance(read, ContentBody):
            sizes.append(len(read.value or b""))
    assert sum(sizes) == 3000
    assert max(sizes) <= (frame_max - 8 if frame_max else 3000)
