"""flagd: a document that clients read, which others write, too."""

from collections.abc import Callable
from typing import Any

import pytest

from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, Change, diff
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.products.flagd.conftest import Document
from tests.support.back_ends import opened
from tests.support.flags import PREFIX, THEIRS, WITH_THEIRS, client, values


def test_a_document_has_one_flag_for_each_key(document: Document) -> None:
    document.apply(
        **{"features/new": "true", "limits/rate": "600", "share": "0.25", "version": "1.10", "url": "https://x"}
    )

    def flag(default: str, **variants: object) -> dict[str, object]:
        ours = {"provisioning": PREFIX}
        return {"state": "ENABLED", "variants": variants, "defaultVariant": default, "metadata": ours}

    assert document.content() == {
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "flags": {
            "features/new": flag("on", on=True, off=False),
            "limits/rate": flag("value", value=600),
            "share": flag("value", value=0.25),
            "url": flag("value", value="https://x"),
            "version": flag("value", value="1.10"),
        },
    }


def test_clients_of_openfeature_read_our_values(document: Document) -> None:
    document.edit(WITH_THEIRS)
    document.apply(
        **{"features/new": "true", "off": "false", "rate": "600", "share": "0.25", "url": "https://x/ü", "n": "007"}
    )

    reads = client(document.body())

    assert reads.get_boolean_value("features/new", default_value=False) is True
    assert reads.get_boolean_value("off", default_value=True) is False
    assert reads.get_integer_value("rate", -1) == 600
    assert reads.get_float_value("rate", -1.0) == 600.0
    assert reads.get_float_value("share", -1.0) == 0.25
    assert reads.get_string_value("url", "") == "https://x/ü"
    assert reads.get_string_value("n", "") == "007"
    assert reads.get_string_value("theirs", "") == "#f00"
    assert reads.get_boolean_details("features/new", default_value=False).flag_metadata == {
        "provisioning": PREFIX, "version": "17"
    }  # fmt: skip


def test_what_others_added_survives_and_is_read_as_unmanaged(document: Document) -> None:
    document.edit(WITH_THEIRS)
    document.apply(a="1", b="2")
    document.apply(a="2")

    assert {**document.content(), "flags": {"theirs": document.content()["flags"]["theirs"]}} == WITH_THEIRS
    assert list(document.content()["flags"]) == ["theirs", "a"]
    live = document.store.read(PREFIX)
    assert [key for key, found in live.items() if found.get("unmanaged")] == [f"{PREFIX}/theirs"]
    assert "#00f" in live[f"{PREFIX}/theirs"]["value"]
    assert document.drift(a="2") == []


def edited(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda flag: flag.update(changes)


@pytest.mark.parametrize(("by_hand", "seen"), [
    (edited(targeting={"if": [{"==": [{"var": "email"}, "a@b"]}, "off", "on"]}), "otherwise"),
    (edited(defaultVariant="off"), "value"),
    (edited(defaultVariant=None), "otherwise, value"),
    (edited(defaultVariant="gone"), "otherwise, value"),
    (edited(state="DISABLED"), "otherwise"),
    (edited(variants={"on": True, "off": False, "maybe": False}), "otherwise"),
    (edited(variants={"on": True, "off": 0}), "otherwise"),
    (edited(variants={"on": 1, "off": 0}), "otherwise, value"),
    (edited(variants={"on": "yes", "off": False}), "otherwise, value"),
    (edited(metadata={"provisioning": PREFIX, "team": "web"}), "otherwise"),
    (edited(description="for the launch"), "otherwise"),
])  # fmt: skip
def test_what_a_hand_changed_in_our_flag_is_seen_and_taken_back(
    document: Document, by_hand: Callable[[dict[str, Any]], None], seen: str
) -> None:
    document.apply(a="true")
    ours = document.content()
    content = document.content()
    by_hand(content["flags"]["a"])
    document.edit(content)
    assert document.drift(a="true") == [f"update {PREFIX}/a ({seen})"]

    document.apply(a="true")

    assert document.content() == ours
    assert client(document.body()).get_boolean_value("a", default_value=False) is True


def test_a_number_with_another_form_is_written_again(document: Document) -> None:
    document.apply(rate="600")
    content = document.content()
    content["flags"]["rate"]["variants"]["value"] = 600.0
    document.edit(content)
    assert document.drift(rate="600") == [f"update {PREFIX}/rate (value)"]

    document.apply(rate="600")

    assert document.drift(rate="600") == []


def test_rules_that_say_nothing_are_no_difference(document: Document) -> None:
    document.apply(a="true")
    content = document.content()
    content["flags"]["a"]["targeting"] = {}
    document.edit(content)

    assert document.drift(a="true") == []


def test_all_changes_are_one_write(document: Document) -> None:
    store, written = document.store, []
    document.s3.meta.events.register("before-call.s3.PutObject", lambda **_: written.append(1))

    store.write(PREFIX, diff(values({f"key{number}": str(number) for number in range(50)}), {}).changes)
    store.write(PREFIX, [])

    assert written == [1]


@pytest.mark.parametrize("content", [
    b"", b"flags: {}", b"\xff\xfe{}", b'{"flags": {}', b"[]", b'"flags"', b"{}", b'{"flags": []}', b'{"flags": null}',
    b'{"flags": {}, "flags": {}}', b'{"flags": {"a": 1}}', b'{"flags": {"a": {}}}', b"[" * 100_000,
    b'{"flags": {"a": {"state": "ON", "variants": {"on": true}}}}', b'{"flags": {"a": {"state": "ENABLED"}}}',
    b'{"flags": {"a": {"state": "ENABLED", "variants": {}}}}', b'{"flags": {}, "x": NaN}', b'{"flags": {}, "x": 1e400}',
    b'{"flags": {}, "x": {"y": 1, "y": 2}}', b"<html>secret-4711</html>",
])  # fmt: skip
def test_what_is_no_flag_document_is_an_error_and_never_overwritten(document: Document, content: bytes) -> None:
    document.edit(content)
    with pytest.raises(ProviderFailed) as unread:
        document.store.read(PREFIX)
    with pytest.raises(ApplyFailed) as unwritten:
        document.store.write(PREFIX, diff(values({"a": "1"}), {}).changes)

    for failure in (unread.value, unwritten.value):
        assert failure.where == f"s3://{document.bucket}/{document.key}"
        assert failure.cause
        assert failure.remedy
        assert "secret-4711" not in str(failure)
    assert document.body() == content


def test_a_flag_of_the_same_name_is_taken_over_by_a_plan_that_says_so(document: Document) -> None:
    document.edit(WITH_THEIRS)
    plan = diff(values({"theirs": "#f00"}), document.store.read(PREFIX))
    assert [str(change) for change in plan.changes] == [f"update {PREFIX}/theirs (otherwise, value)"]

    document.store.write(PREFIX, plan.changes)

    assert document.drift(theirs="#f00") == []


def test_a_flag_that_was_taken_over_is_not_deleted(document: Document) -> None:
    document.apply(a="1")
    plan = diff({}, document.store.read(PREFIX))
    document.edit({"flags": {"a": THEIRS}})

    document.store.write(PREFIX, plan.changes)

    assert document.content() == {"flags": {"a": THEIRS}}


def test_another_environments_flag_is_refused(document: Document) -> None:
    document.apply(a="1")
    production = "/shop/production/config"
    desired = {f"{production}/a": {"value": "2", "otherwise": []}}
    plan = diff(desired, document.store.read(production))

    with pytest.raises(ApplyFailed) as refused:
        document.store.write(production, plan.changes)

    assert (refused.value.where, PREFIX in refused.value.cause) == (f"{production}/a", True)
    assert document.drift(a="1") == []


def test_a_bucket_that_is_not_there_is_empty_and_takes_nothing(document: Document) -> None:
    store = opened(Kind.CONFIG, "flagd", document.access, bucket="nobody-made-this", object="flags.json")
    assert store.read(PREFIX) == {}

    with pytest.raises(ApplyFailed) as refused:
        store.write(PREFIX, [Change(Action.CREATE, f"{PREFIX}/a", None, {"value": "1", "otherwise": []})])

    assert refused.value.where == "s3://nobody-made-this"
    assert refused.value.remedy


def test_two_documents_are_two_identities(document: Document) -> None:
    other = opened(Kind.CONFIG, "flagd", document.access, bucket=document.bucket, object="other.json")

    assert other.identity() != document.store.identity()
