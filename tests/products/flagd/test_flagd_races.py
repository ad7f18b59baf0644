"""flagd: whoever writes the document at the same time, or since the plan, is not overwritten."""

from collections.abc import Callable
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import ApplyFailed
from tests.products.flagd.conftest import Document
from tests.support.back_ends import opened
from tests.support.flags import PREFIX, THEIRS, WITH_THEIRS, values


def interfering(document: Document, edits: list[Callable[[], None]]) -> Any:
    """A store; somebody else writes between its read and its write, for as long as there are edits."""
    other = aws.Aws(document.access)

    def edit(**_: object) -> None:
        if edits:
            edits.pop(0)()

    store = opened(Kind.CONFIG, "flagd", document.access, bucket=document.bucket, object=document.key)
    document.s3.meta.events.register("before-call.s3.PutObject", edit)
    return store, other.client("s3")


def test_who_writes_meanwhile_about_other_flags_keeps_them(document: Document) -> None:
    document.apply(a="1")
    edits: list[Callable[[], None]] = []
    store, s3 = interfering(document, edits)
    theirs = {**document.content()["flags"], "theirs": THEIRS}
    body = document.written({"flags": theirs})
    edits.append(lambda: s3.put_object(Bucket=document.bucket, Key=document.key, Body=body))

    store.write(PREFIX, diff(values({"a": "2"}), store.read(PREFIX)).changes)

    assert document.content()["flags"]["theirs"] == THEIRS
    assert document.drift(a="2") == []


def test_who_writes_meanwhile_about_our_flag_is_not_overwritten(document: Document) -> None:
    document.apply(a="1")
    edits: list[Callable[[], None]] = []
    store, s3 = interfering(document, edits)
    content = document.content()
    content["flags"]["a"]["state"] = "DISABLED"
    edits.append(lambda: s3.put_object(Bucket=document.bucket, Key=document.key, Body=document.written(content)))

    with pytest.raises(ApplyFailed) as refused:
        store.write(PREFIX, diff(values({"a": "2"}), store.read(PREFIX)).changes)

    assert refused.value.where == f"{PREFIX}/a"
    assert refused.value.remedy
    assert document.content() == content


def test_who_makes_the_document_first_is_not_overwritten(document: Document) -> None:
    edits: list[Callable[[], None]] = []
    store, s3 = interfering(document, edits)
    body = document.written(WITH_THEIRS)
    edits.append(lambda: s3.put_object(Bucket=document.bucket, Key=document.key, Body=body))

    store.write(PREFIX, diff(values({"a": "1"}), {}).changes)

    assert sorted(document.content()["flags"]) == ["a", "theirs"]


def test_who_writes_all_the_time_is_told_of(document: Document) -> None:
    edits: list[Callable[[], None]] = []
    store, s3 = interfering(document, edits)
    for number in range(50):
        body = document.written({**WITH_THEIRS, "metadata": {"version": number}})
        edits.append(lambda body=body: s3.put_object(Bucket=document.bucket, Key=document.key, Body=body))

    with pytest.raises(ApplyFailed) as refused:
        store.write(PREFIX, diff(values({"a": "1"}), {}).changes)

    assert refused.value.where == f"s3://{document.bucket}/{document.key}"
    assert refused.value.remedy
    assert "a" not in document.content()["flags"]


def changed(content: Any) -> None:
    content["flags"]["a"]["variants"]["value"] = 5


def deleted(content: Any) -> None:
    del content["flags"]["a"]


@pytest.mark.parametrize("edit", [changed, deleted])
def test_a_flag_that_changed_since_the_plan_is_not_written(document: Document, edit: Callable[[Any], None]) -> None:
    document.apply(a="1")
    plan = diff(values({"a": "2"}), document.store.read(PREFIX))
    content = document.content()
    edit(content)
    document.edit(content)

    with pytest.raises(ApplyFailed) as refused:
        document.store.write(PREFIX, plan.changes)

    assert refused.value.where == f"{PREFIX}/a"
    assert document.content() == content


def test_a_flag_that_somebody_made_since_the_plan_is_not_overwritten(document: Document) -> None:
    plan = diff(values({"theirs": "2"}), document.store.read(PREFIX))
    document.edit(WITH_THEIRS)

    with pytest.raises(ApplyFailed):
        document.store.write(PREFIX, plan.changes)

    assert document.content() == WITH_THEIRS
