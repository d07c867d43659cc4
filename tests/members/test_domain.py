"""The rules of people, tried without a database."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.kit.errors import Refusal
from regulars.members import domain
from regulars.members.domain import (
    Identity,
    IdentityKind,
    Known,
    MatchPolicy,
    Outcome,
    Plan,
    Sighting,
    State,
)
from tests.members.people import (
    LATER,
    NOON,
    a_consent,
    a_member_row,
    a_sighting,
    card,
    email,
    external,
    phone,
    unionid,
)

POLICY = MatchPolicy()


def index(column: str, value: str) -> bytes:
    return hashlib.sha256(f"{column}|{value}".encode()).digest()


def lookup(identity: Identity) -> bytes:
    value = domain.normalise(identity.kind, identity.value)
    return index(domain.index_column(identity.kind, identity.issuer), value)


def known(**holders: tuple[Identity, ...]) -> State:
    state = State(known={})
    for number, identities in enumerate(holders.values(), 1):
        for identity in identities:
            state.known[lookup(identity)] = Known(number, number)
            state.held[number, identity.kind] += 1
    return state


def plan(*sightings: Sighting, state: State | None = None, policy: MatchPolicy = POLICY) -> Plan:
    ranks = policy.ranks()
    seen = [
        domain.rank_claims(domain.read_claims(one, index=index), ranks=ranks) for one in sightings
    ]
    return domain.plan_resolution(
        seen, state=state or State(known={}), policy=policy, new_ids=count(100)
    )


class TestNormalise:
    @pytest.mark.parametrize("text", ["13800138000", "+86 138 0013 8000", "１３８００１３８０００"])
    def test_brings_phones_to_one_form(self, text: str) -> None:
        assert domain.normalise(IdentityKind.PHONE, text) == "+8613800138000"

    def test_folds_emails_and_keeps_the_case_of_cards(self) -> None:
        assert domain.normalise(IdentityKind.EMAIL, " Ann@Example.COM ") == "ann@example.com"
        assert domain.normalise(IdentityKind.CARD, " aB12 ") == "aB12"

    @pytest.mark.parametrize("kind", list(IdentityKind))
    def test_never_takes_a_masked_value(self, kind: IdentityKind) -> None:
        with pytest.raises(domain.IdentityMasked):
            domain.normalise(kind, "186******05")

    @given(st.sampled_from(IdentityKind), st.text(max_size=200))
    def test_answers_or_refuses_without_repeating_the_value(
        self, kind: IdentityKind, text: str
    ) -> None:
        facts: object = None
        value = ""
        try:
            value = domain.normalise(kind, text)
        except Refusal as no:
            facts = no.facts

        assert facts in (None, {"identity_kind": kind.value})
        assert facts or domain.normalise(kind, value) == value


class TestMemberNumber:
    @given(st.integers(1, 10**12))
    def test_carries_a_check_digit_that_finds_a_wrong_digit(self, member_id: int) -> None:
        number = domain.member_number(member_id)
        wrong = f"{(int(number[0]) + 1) % 10}{number[1:]}"

        assert domain.is_member_number(number)
        assert not domain.is_member_number(wrong)

    @given(st.sets(st.integers(1, 10**6), min_size=2))
    def test_is_never_given_twice(self, ids: set[int]) -> None:
        assert len({domain.member_number(one) for one in ids}) == len(ids)


@pytest.mark.capability("A2")
class TestPlanResolution:
    def test_finds_by_the_strongest_identity(self) -> None:
        state = known(ann=(unionid("a"), phone(1)), bob=(email("b"),))

        answer = plan(a_sighting(phone(1), unionid("a")), state=state).resolutions[0]

        assert (answer.member_id, answer.outcome) == (1, Outcome.FOUND)

    def test_follows_the_configured_order(self) -> None:
        state = known(ann=(phone(1),), bob=(email("b"),))
        policy = MatchPolicy(match_order=(IdentityKind.EMAIL, IdentityKind.PHONE))

        answer = plan(a_sighting(phone(1), email("b")), state=state, policy=policy).resolutions[0]

        assert (answer.member_id, answer.outcome) == (2, Outcome.CONFLICT)

    def test_enrols_one_person_seen_many_times_in_one_batch(self) -> None:
        made = plan(a_sighting(phone(1)), a_sighting(phone(1), email("a")), a_sighting(email("a")))

        assert [one.member_id for one in made.resolutions] == [100, 100, 100]
        assert [one.outcome for one in made.resolutions] == [
            Outcome.CREATED,
            Outcome.LINKED,
            Outcome.FOUND,
        ]
        assert list(made.created) == [100]

    def test_suggests_a_merge_instead_of_taking_an_identity_away(self) -> None:
        state = known(ann=(phone(1),), bob=(email("b"),))

        made = plan(a_sighting(phone(1), email("b")), state=state)

        assert made.suggestions == {(1, 2): "shared_email"}
        assert not made.links

    def test_gives_a_second_unionid_behind_one_phone_a_member_of_its_own(self) -> None:
        state = known(ann=(phone(1), unionid("a")))

        made = plan(a_sighting(phone(1), unionid("b")), state=state)

        assert made.resolutions[0].outcome is Outcome.CREATED
        assert made.suggestions == {(1, 100): "second_unionid"}
        assert [link.claim.kind for link in made.links] == [IdentityKind.UNIONID]

    def test_links_no_more_than_the_cap(self) -> None:
        state = known(ann=(card("c0000"), *(phone(n) for n in range(5))))

        made = plan(a_sighting(card("c0000"), phone(9)), state=state)

        assert made.resolutions[0].ignored == ("phone.full",)
        assert not made.links

    def test_does_not_match_by_a_kind_outside_the_order(self) -> None:
        policy = MatchPolicy(match_order=(IdentityKind.PHONE,))

        made = plan(a_sighting(email("a")), state=known(ann=(email("a"),)), policy=policy)

        assert made.resolutions[0].outcome is Outcome.UNATTRIBUTED

    def test_uses_no_masked_identity(self) -> None:
        masked = Identity(IdentityKind.PHONE, "138****0001")

        made = plan(a_sighting(masked), a_sighting(masked, email("a")))

        assert made.resolutions[0].outcome is Outcome.UNATTRIBUTED
        assert made.resolutions[1].ignored == ("phone.masked",)
        assert [link.claim.kind for link in made.links] == [IdentityKind.EMAIL]

    def test_leaves_orders_unattributed_where_the_policy_enrols_nobody(self) -> None:
        policy = MatchPolicy(enrol_on_first_order=False)

        made = plan(a_sighting(phone(1)), a_member_row(phone(2)), policy=policy)

        assert [one.outcome for one in made.resolutions] == [
            Outcome.UNATTRIBUTED,
            Outcome.CREATED,
        ]

    def test_blocks_an_erased_identity_until_a_newer_consent(self) -> None:
        state = State(known={}, erased={lookup(phone(1)): NOON})

        made = plan(
            a_member_row(phone(1)),
            a_member_row(phone(1), consents=(a_consent(at=NOON),)),
            a_member_row(phone(1), consents=(a_consent(at=LATER),)),
            state=state,
        )

        assert [one.outcome for one in made.resolutions] == [
            Outcome.BLOCKED,
            Outcome.BLOCKED,
            Outcome.CREATED,
        ]
        assert made.lifted == {lookup(phone(1))}

    @settings(max_examples=200)
    @given(st.data())
    def test_one_batch_ends_like_the_same_sightings_one_by_one(self, data: st.DataObject) -> None:
        pool = [
            phone(1),
            phone(2),
            email("a"),
            email("b"),
            unionid("a"),
            unionid("b"),
            external("x"),
        ]
        drawn = data.draw(
            st.lists(st.lists(st.sampled_from(pool), min_size=1, max_size=3), max_size=8)
        )
        sightings = [a_sighting(*identities) for identities in drawn]
        ids = count(100)

        together = plan(*sightings)
        state = State(known={})
        apart = [
            domain.plan_resolution(
                [domain.rank_claims(domain.read_claims(one, index=index), ranks=POLICY.ranks())],
                state=state,
                policy=POLICY,
                new_ids=ids,
            ).resolutions[0]
            for one in sightings
        ]

        assert together.resolutions == apart

    @settings(max_examples=200)
    @given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), max_size=12))
    def test_nobody_holds_more_than_the_cap_and_nothing_is_held_twice(
        self, drawn: list[list[int]]
    ) -> None:
        policy = MatchPolicy(caps={IdentityKind.PHONE: 2})

        made = plan(*(a_sighting(*map(phone, numbers)) for numbers in drawn), policy=policy)

        held = Counter(link.member_id for link in made.links)
        assert all(amount <= 2 for amount in held.values())
        assert len({link.claim.lookup for link in made.links}) == len(made.links)


class TestMatchPolicy:
    def test_refuses_an_order_that_repeats_itself(self) -> None:
        with pytest.raises(domain.PolicyInvalid):
            MatchPolicy(match_order=(IdentityKind.PHONE, IdentityKind.PHONE))


@pytest.mark.capability("A5")
class TestProfile:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1990-05-01", "1990-05-01"),
            ("1990/5/1", "1990-05-01"),
            ("1990年5月1日", "1990-05-01"),
            ("5-1", "--05-01"),
            ("1900-01-01", None),
            ("", None),
        ],
    )
    def test_reads_birthdays_as_shops_write_them(self, text: str, value: str | None) -> None:
        assert domain.clean_value("birthday", text) == value

    @pytest.mark.parametrize(("text", "value"), [("男", "male"), ("2", "female"), ("保密", None)])
    def test_reads_genders(self, text: str, value: str | None) -> None:
        assert domain.clean_value("gender", text) == value

    @pytest.mark.parametrize(("field", "text"), [("birthday", "31/02/1990"), ("gender", "x")])
    def test_refuses_what_does_not_fit(self, field: str, text: str) -> None:
        with pytest.raises(domain.FieldInvalid):
            domain.clean_value(field, text)

    def test_refuses_fields_that_are_not_declared(self) -> None:
        with pytest.raises(domain.FieldUnknown):
            domain.clean_profile({"shoe_size": "42"})

    @pytest.mark.parametrize(
        ("name", "surname"),
        [("欧阳娜娜", "欧阳"), ("林小满", "林"), ("Ana García", "garcía"), ("Cher", "cher")],
    )
    def test_knows_surnames(self, name: str, surname: str) -> None:
        assert domain.surname_of(name) == surname

    def test_masks_by_the_data_map(self) -> None:
        masked = {
            field: domain.mask_value(domain.FIELDS[field], value)
            for field, value in {"name": "林小满", "birthday": "1990-05-01"}.items()
        }

        assert masked == {"name": "林**", "birthday": "****-05-01"}

    def test_the_survivors_own_word_stands_before_a_merged_one(self) -> None:
        own = domain.ProfileValue("name", "Ann", NOON, 1)
        merged = domain.ProfileValue("name", "Anna", LATER, 2)
        only = domain.ProfileValue("city", "Xi'an", NOON, 2)

        chosen = domain.survivor_profile([merged, own, only], member_id=1)

        assert {field: value.value for field, value in chosen.items()} == {
            "name": "Ann",
            "city": "Xi'an",
        }


@pytest.mark.capability("G2")
class TestConsentStates:
    def test_the_latest_word_stands_whatever_the_order_of_arrival(self) -> None:
        withdrawn = a_consent(at=LATER, granted=False)

        states = domain.consent_states(enumerate([withdrawn, a_consent(at=NOON)]))

        assert [state.granted for state in states] == [False]

    def test_refuses_a_consent_that_proves_nothing(self) -> None:
        with pytest.raises(domain.ConsentInvalid):
            domain.check_consent(domain.Consent("", "1", granted=True, at=NOON))


class TestMerging:
    def test_gathers_chains(self) -> None:
        assert domain.tree_below(2, {1: 2, 2: 3, 4: 1, 5: 3}) == {1, 2, 4}

    @given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1, max_size=5))
    def test_undoing_every_merge_gives_back_when_the_winner_joined(
        self, losers: list[datetime]
    ) -> None:
        before = datetime(2020, 1, 1, tzinfo=UTC)
        now = min(before, *losers)

        for place, leaving in enumerate(losers):
            now = domain.joined_after_unmerge(
                now=now, before=before, leaving=leaving, staying=losers[place + 1 :]
            )

        assert now == before


class TestExportCsv:
    @given(st.text(max_size=20))
    def test_no_cell_starts_a_formula(self, value: str) -> None:
        rows = (domain.ExportRow("profile", "name", value, NOON),)
        export = domain.SubjectExport("id", "1", NOON + timedelta(1), rows)

        assert (
            not export.as_csv()
            .splitlines()[1]
            .split(",")[2]
            .lstrip('" ')
            .startswith(("=", "+", "-", "@"))
        )
        assert json.dumps(export.as_dict())
