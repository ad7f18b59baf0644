"""A grant as a policy's text, and back."""

from string import ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.backends.secrets import ALL, PURPOSES
from provisioning_assets.backends.secrets.openbao import policies
from provisioning_assets.errors import ApplyFailed

NAMES = st.lists(st.text(f"{ascii_lowercase}{digits}-", min_size=1, max_size=20), unique=True, min_size=1).map(sorted)
GRANTS = st.fixed_dictionaries(
    {
        "reads": st.dictionaries(st.sampled_from(sorted(PURPOSES)), st.just(ALL) | NAMES),
        "lists": st.sets(st.sampled_from(sorted(PURPOSES))).map(sorted),
    }
)


@given(GRANTS)
def test_a_grant_is_read_back_from_its_policy(grant):
    text = policies.rules("shop-staging", grant)

    assert policies.grant_of("shop-staging", text) == (grant["reads"], grant["lists"], [])


@given(GRANTS, st.data())
def test_a_policy_with_a_line_less_is_another_grant(grant, data):
    lines = policies.rules("shop-staging", grant).splitlines()
    gone = data.draw(st.sampled_from(lines))

    left = policies.grant_of("shop-staging", "\n".join(line for line in lines if line != gone))

    assert left != (grant["reads"], grant["lists"], [])


@given(GRANTS, st.text(min_size=1).filter(lambda text: text.strip()))
def test_a_policy_with_a_line_more_is_another_grant(grant, line):
    text = policies.rules("shop-staging", grant)

    more = policies.grant_of("shop-staging", f"{text}\n{line}")

    assert more != (grant["reads"], grant["lists"], [])


@pytest.mark.parametrize("name", ["team-*", "*", "+", "a/+/b", 'x"', "{{identity.entity.id}}", "a b", "", "/a", "a\nb"])
def test_a_name_that_would_open_more_is_refused(name):
    with pytest.raises(ApplyFailed):
        policies.rules("shop-staging", {"reads": {"runtime": [name]}, "lists": []})
