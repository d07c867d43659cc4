"""Members against a real PostgreSQL: recognition, marks, merges, privacy."""

from datetime import timedelta

import pytest

from regulars.access.domain import Actor, Scope
from regulars.members import models, selectors, services
from regulars.members.domain import (
    GroupKind,
    GroupRow,
    Identity,
    IdentityKind,
    IdentityTaken,
    LaterMergeStands,
    MatchPolicy,
    MemberErased,
    MemberFrozen,
    MemberMerged,
    MemberNotFound,
    MemberQuery,
    Outcome,
    Resolution,
    SameMember,
    Status,
    TagSource,
    TooManyIdentities,
)
from regulars.web import sql
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

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
ALL = Scope.all()


def resolve(*sightings: object) -> list[int | None]:
    found = services.resolve_identities(sightings, at=NOON)  # type: ignore[arg-type]
    return [one.member_id for one in found]


def enrol(*identities: Identity, **more: object) -> int:
    (member_id,) = resolve(a_member_row(*identities, **more))
    assert member_id is not None
    return member_id


def event_types(member_id: int) -> list[str]:
    found = sql.rows(
        "SELECT type FROM events_event WHERE member_id = %s::bigint ORDER BY id", [member_id]
    )
    return [name for (name,) in found]


@pytest.mark.capability("A2")
class TestResolveIdentities:
    def test_enrols_once_and_finds_again(self) -> None:
        first, again, other = resolve(
            a_sighting(phone(1)), a_sighting(phone(1)), a_sighting(phone(2))
        )

        assert first == again != other
        assert resolve(a_sighting(phone(2)), a_sighting(phone(1))) == [other, first]
        assert event_types(first or 0) == ["member.enrolled"]

    def test_costs_two_statements_when_everybody_is_known(
        self, django_assert_num_queries: object
    ) -> None:
        resolve(*(a_sighting(phone(n)) for n in range(200)))

        with django_assert_num_queries(2):  # type: ignore[operator]
            found = resolve(*(a_sighting(phone(n)) for n in range(200)))

        assert None not in found

    def test_costs_a_handful_when_many_are_new(self, django_assert_max_num_queries: object) -> None:
        sightings = [
            a_member_row(phone(n), email(str(n)), profile={"name": "林"}) for n in range(200)
        ]

        with django_assert_max_num_queries(16):  # type: ignore[operator]
            found = resolve(*sightings)

        assert len(set(found)) == 200

    def test_links_what_is_new_and_says_so(self) -> None:
        member_id = enrol(phone(1))

        (answer,) = services.resolve_identities([a_sighting(phone(1), email("a"))], at=NOON)

        assert answer == Resolution(answer.row, member_id, Outcome.LINKED, member_id, (), "updated")
        assert resolve(a_sighting(email("a"))) == [member_id]

    @pytest.mark.reliability("RG1")
    def test_never_matches_a_masked_phone(self) -> None:
        enrol(phone(1))
        masked = Identity(IdentityKind.PHONE, "138****0001")

        (answer,) = services.resolve_identities([a_sighting(masked)], at=NOON)

        assert answer.outcome is Outcome.UNATTRIBUTED
        assert answer.ignored == ("phone.masked",)

    def test_queues_a_suggestion_once(self) -> None:
        ann, bob = enrol(phone(1)), enrol(email("b"))

        for _ in range(2):
            (answer,) = services.resolve_identities([a_sighting(phone(1), email("b"))], at=NOON)

        (suggestion,) = selectors.list_suggestions(scope=ALL)
        assert answer.outcome is Outcome.CONFLICT
        assert {suggestion.member_id, suggestion.other_id} == {ann, bob}
        assert event_types(min(ann, bob)).count("merge.suggested") == 1

    def test_keeps_a_family_behind_one_phone_apart(self) -> None:
        ann = enrol(phone(1), unionid("a"))

        (bob,) = resolve(a_sighting(phone(1), unionid("b")))

        assert bob not in {ann, None}
        assert resolve(a_sighting(unionid("b")), a_sighting(unionid("a"))) == [bob, ann]

    def test_tells_the_same_outside_id_of_two_sources_apart(self) -> None:
        assert enrol(external("7", source=1)) != enrol(external("7", source=2))

    def test_follows_a_changed_policy(self) -> None:
        ann, bob = enrol(phone(1)), enrol(email("b"))
        order = (IdentityKind.EMAIL, IdentityKind.PHONE)

        services.set_policy(policy=MatchPolicy(match_order=order), at=NOON, actor=SYSTEM)

        assert resolve(a_sighting(phone(1), email("b"))) == [bob]
        assert ann != bob

    def test_enrols_no_stranger_by_an_order_where_the_policy_says_no(self) -> None:
        services.set_policy(policy=MatchPolicy(enrol_on_first_order=False), at=NOON, actor=SYSTEM)

        assert resolve(a_sighting(phone(1))) == [None]
        assert resolve(a_member_row(phone(1))) != [None]

    def test_the_latest_word_stands_whatever_the_order_of_arrival(self) -> None:
        member_id = enrol(phone(1), profile={"name": "Old"}, occurred_at=NOON)

        resolve(
            a_member_row(phone(1), profile={"name": "New"}, occurred_at=LATER),
            a_member_row(phone(1), profile={"name": "Mid"}, occurred_at=NOON + timedelta(hours=1)),
        )
        resolve(
            a_member_row(phone(1), profile={"name": "Mid"}, occurred_at=NOON + timedelta(hours=2))
        )

        shown = services.reveal(
            member_id=member_id, scope=ALL, reason_code="test", at=NOON, actor=SYSTEM
        )
        assert shown.profile == {"name": "New"}

    def test_says_whether_a_member_row_changed_anything(self) -> None:
        row = {"profile": {"name": "Ann"}, "tags": ("vip",), "consents": (a_consent(),)}

        changes = [
            services.resolve_identities([a_member_row(phone(1), **row)], at=NOON)[0].change
            for _ in range(2)
        ]
        moved = services.resolve_identities([a_member_row(phone(1), home_store_id=9)], at=NOON)

        assert changes == ["new", "same"]
        assert moved[0].change == "updated"

    def test_an_order_fills_only_the_profile_of_whom_it_enrols(self) -> None:
        member_id = enrol(phone(1), profile={"name": "Ann"})

        resolve(a_sighting(phone(1), profile={"name": "Somebody", "city": "Xi'an"}))

        profile = selectors.get_profile(member_id=member_id, scope=ALL, at=NOON).profile
        assert profile == {"name": "A***"}

    def test_ignores_a_broken_field_and_keeps_the_rest(self) -> None:
        row = a_member_row(phone(1), profile={"birthday": "never", "name": "Ann", "shoe": "42"})

        (answer,) = services.resolve_identities([row], at=NOON)

        assert answer.outcome is Outcome.CREATED
        assert answer.ignored == ("birthday.invalid", "shoe.invalid")


@pytest.mark.capability("A3")
class TestReading:
    def test_shows_a_member_masked(self) -> None:
        member_id = enrol(
            phone(8000), email("zoe"), profile={"name": "林小满", "birthday": "1990-05-01"}
        )

        shown = selectors.get_profile(member_id=member_id, scope=ALL, at=NOON)

        assert shown.profile == {"name": "林**", "birthday": "****-05-01"}
        assert [one.value for one in shown.identities] == ["138****8000", "z***@example.com"]

    def test_reveals_with_a_logged_reason(self) -> None:
        member_id = enrol(phone(8000), profile={"name": "林小满"})

        shown = services.reveal(
            member_id=member_id, scope=ALL, reason_code="complaint", at=NOON, actor=SYSTEM
        )

        assert shown.identities[0].value == "+8613800008000"
        assert sql.row(
            "SELECT actor_kind, reason_code FROM access_audit_entry WHERE action = 'members.reveal'"
        ) == ("system", "complaint")

    def test_hides_members_out_of_scope(self) -> None:
        mine, other = enrol(phone(1), home_store_id=1), enrol(phone(2), home_store_id=2)
        scope = Scope(store_ids=(1,))

        page = selectors.list_members(scope=scope, query=MemberQuery())

        assert [row.id for row in page.items] == [mine]
        with pytest.raises(MemberNotFound):
            selectors.get_profile(member_id=other, scope=scope, at=NOON)

    @pytest.mark.parametrize(
        "query",
        [
            MemberQuery(name="欧阳 娜娜"),
            MemberQuery(surname="欧阳"),
            MemberQuery(tail="8000"),
            MemberQuery(tag="vip"),
            MemberQuery(tier="gold"),
        ],
    )
    def test_finds_by_exact_parts(self, query: MemberQuery) -> None:
        wanted = enrol(phone(8000), profile={"name": "欧阳 娜娜"}, tags=("vip",))
        enrol(phone(8001), profile={"name": "林小满"})
        services.set_groups(rows=[GroupRow(wanted, GroupKind.TIER, "gold", NOON)])
        if query.surname:
            services.update_profile(
                member_id=wanted, values={"name": "欧阳娜娜"}, at=LATER, actor=SYSTEM
            )

        page = selectors.list_members(scope=ALL, query=query)

        assert [row.id for row in page.items] == [wanted]

    def test_turns_pages(self) -> None:
        everyone = {enrol(phone(n)) for n in range(5)}
        seen: list[int] = []
        cursor = None
        while True:
            page = selectors.list_members(scope=ALL, query=MemberQuery(), cursor=cursor, limit=2)
            seen += [row.id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

        assert set(seen) == everyone
        assert len(seen) == 5


class TestIdentities:
    def test_links_and_unlinks(self) -> None:
        member_id = enrol(phone(1))

        linked = services.link_identity(
            member_id=member_id, identity=card("C1"), at=NOON, actor=SYSTEM
        )
        services.unlink_identity(member_id=member_id, identity=phone(1), at=NOON, actor=SYSTEM)

        assert linked == "linked"
        assert selectors.find_by_identities(identities=[card("C1"), phone(1)]) == [member_id, None]

    def test_suggests_a_merge_where_somebody_else_holds_it(self) -> None:
        ann, bob = enrol(phone(1)), enrol(phone(2))

        outcome = services.link_identity(member_id=ann, identity=phone(2), at=NOON, actor=SYSTEM)

        assert outcome == "suggested"
        assert len(selectors.list_suggestions(scope=ALL, member_id=bob)) == 1

    def test_refuses_more_than_the_cap(self) -> None:
        member_id = enrol(unionid("a"))

        with pytest.raises(TooManyIdentities):
            services.link_identity(
                member_id=member_id, identity=unionid("b"), at=NOON, actor=SYSTEM
            )

    @pytest.mark.reliability("RG10")
    @pytest.mark.parametrize("column", ["members_identity.sealed", "members_profilevalue.sealed"])
    def test_a_ciphertext_moved_to_another_member_does_not_open(self, column: str) -> None:
        from regulars.web.crypto import SealBroken

        ann = enrol(phone(1), profile={"name": "Ann", "city": "Xi'an"})
        bob = enrol(phone(2), profile={"name": "Bob", "city": "Wuhan"})
        table, name = column.split(".")
        sql.run(
            f"UPDATE {table} a SET {name} = b.{name} FROM {table} b"
            " WHERE a.member_id = %s::bigint AND b.member_id = %s::bigint",
            [ann, bob],
        )

        with pytest.raises(SealBroken):
            selectors.get_profile(member_id=ann, scope=ALL, at=NOON)

    @pytest.mark.reliability("RG10")
    def test_a_ciphertext_moved_to_another_column_does_not_open(self) -> None:
        from regulars.web.crypto import SealBroken

        ann = enrol(phone(1), profile={"name": "Ann", "city": "Xi'an"})
        sql.run(
            "UPDATE members_profilevalue a SET sealed = b.sealed FROM members_profilevalue b"
            " WHERE a.member_id = b.member_id AND a.field = 'name' AND b.field = 'city'"
        )

        with pytest.raises(SealBroken):
            selectors.get_profile(member_id=ann, scope=ALL, at=NOON)


class TestMarks:
    def test_a_tier_leaves_the_one_before(self) -> None:
        member_id = enrol(phone(1))

        for group, since in (("silver", NOON), ("gold", LATER), ("gold", LATER)):
            services.set_groups(rows=[GroupRow(member_id, GroupKind.TIER, group, since)])

        stays = selectors.list_groups(member_ids=[member_id], kind="tier")
        assert [(stay.group, stay.until) for stay in stays] == [("silver", LATER), ("gold", None)]
        assert selectors.groups_of(member_ids=[member_id], kind="tier") == {member_id: "gold"}

    def test_tags_end_by_themselves(self) -> None:
        member_id = enrol(phone(1))
        rows = [services.TagRow(member_id, "vip", LATER), services.TagRow(member_id, "tea")]

        services.tag(rows=rows, source=TagSource.MODEL, at=NOON)

        assert [t.tag for t in selectors.tags_of(member_id=member_id, at=NOON)] == ["tea", "vip"]
        assert [t.tag for t in selectors.tags_of(member_id=member_id, at=LATER)] == ["tea"]
        assert services.drop_expired_tags(at=LATER) == 1

    @pytest.mark.capability("G2")
    def test_the_last_consent_stands_per_channel(self) -> None:
        member_id = enrol(phone(1))
        said = [a_consent(), a_consent(at=LATER, granted=False), a_consent()]

        new = services.record_consents(
            rows=[services.ConsentRow(member_id, consent) for consent in said], at=LATER
        )

        (state,) = selectors.consent_states_of(member_ids=[member_id])
        assert (new, state.granted) == (1, False)
        assert not selectors.members_with_consent(member_ids=[member_id], purpose="marketing")

    @pytest.mark.reliability("RA8")
    def test_the_consent_ledger_cannot_be_rewritten(self) -> None:
        from django.db import DatabaseError, transaction

        member_id = enrol(phone(1), consents=(a_consent(),))

        with pytest.raises(DatabaseError), transaction.atomic():
            sql.run("UPDATE members_consent SET granted = false")

        assert selectors.consent_states_of(member_ids=[member_id])[0].granted

    def test_freezes_and_unfreezes(self) -> None:
        member_id = enrol(phone(1))
        said = {"member_id": member_id, "reason_code": "fraud", "at": NOON, "actor": SYSTEM}

        done = [services.freeze(**said), services.freeze(**said), services.unfreeze(**said)]

        assert done == [True, False, True]
        assert event_types(member_id)[-2:] == ["member.frozen", "member.unfrozen"]


def merge(winner_id: int, loser_id: int) -> int:
    return services.merge(winner_id=winner_id, loser_id=loser_id, at=NOON, actor=SYSTEM).id


@pytest.mark.capability("A2")
class TestMerge:
    def test_the_loser_leads_to_the_survivor(self) -> None:
        ann, bob = enrol(phone(1), tags=("tea",)), enrol(phone(2), tags=("tea", "vip"))

        merge(ann, bob)

        assert resolve(a_sighting(phone(2))) == [ann]
        assert selectors.aliases(member_id=ann) == (ann, bob)
        assert selectors.get_member(member_id=bob, scope=ALL).id == ann
        assert [t.tag for t in selectors.tags_of(member_id=ann, at=NOON)] == ["tea", "vip"]

    @pytest.mark.reliability("RA28")
    def test_a_chain_ends_at_its_last_survivor(self) -> None:
        ann, bob, cat = enrol(phone(1)), enrol(phone(2)), enrol(phone(3))

        merge(bob, ann)
        merge(cat, bob)

        assert resolve(a_sighting(phone(1))) == [cat]
        assert selectors.survivors(member_ids=[ann, bob]) == {ann: cat, bob: cat}
        public = selectors.public_ids(member_ids=[ann])[ann]
        assert selectors.ids_by_public(public_ids=[public]) == {public: cat}

    def test_unmerge_gives_back_what_came_with_the_loser(self) -> None:
        ann, bob = enrol(phone(1), occurred_at=LATER), enrol(phone(2), tags=("vip",))
        services.set_groups(rows=[GroupRow(bob, GroupKind.TIER, "gold", NOON)])
        merge_id = merge(ann, bob)
        resolve(a_sighting(phone(2), email("b")), a_sighting(phone(1), email("a")))

        services.unmerge(merge_id=merge_id, at=LATER, actor=SYSTEM)

        found = selectors.find_by_identities(
            identities=[phone(1), email("a"), phone(2), email("b")]
        )
        assert found == [ann, ann, bob, bob]
        assert [t.tag for t in selectors.tags_of(member_id=bob, at=NOON)] == ["vip"]
        assert selectors.groups_of(member_ids=[ann, bob], kind="tier") == {bob: "gold"}
        assert selectors.get_member(member_id=ann, scope=ALL).joined_at == LATER

    def test_the_answer_names_where_the_identity_came_from(self) -> None:
        ann, bob = enrol(phone(1)), enrol(phone(2))
        merge(ann, bob)

        (answer,) = services.resolve_identities([a_sighting(phone(2))], at=NOON)

        assert (answer.member_id, answer.origin_id) == (ann, bob)

    def test_undoes_the_later_merge_first(self) -> None:
        ann, bob, cat = enrol(phone(1)), enrol(phone(2)), enrol(phone(3))
        first, second = merge(bob, ann), merge(cat, bob)

        with pytest.raises(LaterMergeStands):
            services.unmerge(merge_id=first, at=NOON, actor=SYSTEM)
        services.unmerge(merge_id=second, at=NOON, actor=SYSTEM)

        assert resolve(a_sighting(phone(1)), a_sighting(phone(3))) == [bob, cat]

    def test_refuses_what_makes_no_sense(self) -> None:
        ann, bob, cat = enrol(phone(1)), enrol(phone(2)), enrol(phone(3))
        merge(ann, bob)
        services.freeze(member_id=cat, reason_code="fraud", at=NOON, actor=SYSTEM)

        for winner, loser, refusal in (
            (ann, ann, SameMember),
            (bob, ann, MemberMerged),
            (ann, cat, MemberFrozen),
            (ann, 999_999_999, MemberNotFound),
        ):
            with pytest.raises(refusal):
                merge(winner, loser)

    def test_profile_and_consents_are_read_over_both(self) -> None:
        ann = enrol(phone(1), profile={"name": "Ann"})
        bob = enrol(phone(2), profile={"name": "Bob", "city": "Wuhan"}, consents=(a_consent(),))

        merge(ann, bob)

        shown = selectors.get_profile(member_id=ann, scope=ALL, at=NOON)
        assert shown.profile == {"name": "A***", "city": "Wuhan"}
        assert [state.granted for state in shown.consents] == [True]
        assert selectors.members_with_consent(member_ids=[ann], purpose="marketing") == {ann}


@pytest.mark.capability("G2")
class TestErase:
    def erase(self, member_id: int) -> tuple[int, ...]:
        return services.erase(member_id=member_id, at=NOON, actor=SYSTEM, reason_code="request")

    @pytest.mark.reliability("RG1")
    def test_an_erased_member_is_not_imported_again(self) -> None:
        member_id = enrol(phone(1), email("a"))
        self.erase(member_id)

        answers = services.resolve_identities(
            [a_sighting(phone(1)), a_member_row(email("a"), consents=(a_consent(),))], at=NOON
        )
        back = resolve(a_member_row(phone(1), consents=(a_consent(at=LATER),)))

        assert [one.outcome for one in answers] == [Outcome.BLOCKED, Outcome.BLOCKED]
        assert back not in ([None], [member_id])
        assert resolve(a_sighting(phone(1))) == back

    @pytest.mark.reliability("RG2")
    def test_leaves_nothing_that_names_the_person(self) -> None:
        canary = {"name": "CanaryName", "nickname": "CanaryNick", "city": "CanaryCity"}
        ann = enrol(phone(7), email("canary"), card("CANARYCARD"), profile=canary, tags=("Canary",))
        bob = enrol(phone(8), external("canary-id"), profile=canary)
        merge(ann, bob)
        held = sql.rows("SELECT lookup FROM members_identity")

        erased = self.erase(ann)

        assert sorted(erased) == sorted([ann, bob])
        tables = sql.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE'"
        )
        for (table,) in tables:
            dump = " ".join(row[0] for row in sql.rows(f'SELECT t::text FROM "{table}" t'))
            assert "anary" not in dump
            assert "13800000007" not in dump
            assert not any(bytes(lookup).hex() in dump for (lookup,) in held)
        assert not models.SubjectKey.objects.filter(member_id__in=erased).exists()

    @pytest.mark.reliability("RG3")
    def test_says_so_once_for_everyone_who_keeps_something(self) -> None:
        ann, bob = enrol(phone(1)), enrol(phone(2))
        merge(ann, bob)

        self.erase(bob)

        facts = sql.rows("SELECT facts FROM events_event WHERE type = 'member.erased'")
        assert len(facts) == 1
        assert selectors.get_member(member_id=ann, scope=ALL).status is Status.ERASED
        with pytest.raises(MemberErased):
            self.erase(ann)

    def test_an_undone_import_may_come_again(self) -> None:
        (one,) = services.resolve_identities([a_member_row(phone(1))], at=NOON, batch_id=5)
        (two,) = services.resolve_identities([a_member_row(phone(2))], at=NOON, batch_id=5)
        kept = two.member_id or 0

        gone = services.withdraw_members(batch_id=5, at=NOON, keep=[kept])

        assert gone == (one.member_id,)
        assert resolve(a_sighting(phone(2))) == [kept]
        assert resolve(a_sighting(phone(1))) not in ([None], [one.member_id])


@pytest.mark.capability("G2")
class TestExport:
    def test_holds_every_personal_value_of_the_data_map(self) -> None:
        profile = {
            "name": "Ann",
            "nickname": "An",
            "gender": "female",
            "birthday": "1990-05-01",
            "city": "Xi'an",
            "language": "zh-hans",
        }
        ann = enrol(
            phone(1), email("a"), unionid("a"), card("C1"), external("x"),
            profile=profile, tags=("vip",), consents=(a_consent(),),
        )  # fmt: skip
        services.set_groups(rows=[GroupRow(ann, GroupKind.TIER, "gold", NOON)])

        export = services.export(
            member_id=ann, scope=ALL, reason_code="request", at=NOON, actor=SYSTEM
        )

        data = export.as_dict()["data"]
        assert {row["name"]: row["value"] for row in data["profile"]} == profile
        assert {row["value"] for row in data["identities"]} == {
            "+8613800000001", "a@example.com", "u-a", "C1", "x",
        }  # fmt: skip
        assert [row["value"] for row in data["tags"] + data["groups"]] == ["vip", "gold"]
        assert data["consents"][0]["value"] == "granted 2026-01"
        assert "'+8613800000001" in export.as_csv()


def test_identity_taken_is_a_conflict() -> None:
    assert IdentityTaken(identity_kind="phone").code == "members.identity_taken"
