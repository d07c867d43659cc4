"""The ledger said again in plain dictionaries: slow, obvious, and the judge of the real one."""

from datetime import UTC, datetime, timedelta
from itertools import count

FAR = datetime(9999, 1, 1, tzinfo=UTC)


def soonest(lot):
    return lot["expires"] or FAR, lot["n"]


class Refused(Exception):  # noqa: N818
    pass


class Model:
    def __init__(self):
        self.n = count(1)
        self.lots = []  # dicts, never removed
        self.owed = {}
        self.growth = {}
        self.merged = {}  # loser -> winner, at present
        self.holds = {}
        self.grants = {}
        self.spends = {}
        self.merges = []

    # whose is it now

    def home(self, member):
        while member in self.merged:
            member = self.merged[member]
        return member

    def lots_of(self, member):
        found = [lot for lot in self.lots if lot["member"] == member and lot["left"] > 0]
        return sorted(found, key=soonest)

    def pinned(self, lot, at):
        return sum(
            hold["pins"].get(lot["n"], 0)
            for hold in self.holds.values()
            if hold["state"] == "open" and hold["expires"] > at
        )

    def free(self, lot, at):
        return lot["left"] - self.pinned(lot, at)

    @staticmethod
    def over(lot, at):
        return lot["expires"] is not None and lot["expires"] <= at

    def usable(self, lot, at):
        return lot["usable"] is not None and lot["usable"] <= at and not self.over(lot, at)

    def balance(self, member, at):
        lots = self.lots_of(member)
        usable = sum(self.free(lot, at) for lot in lots if self.usable(lot, at))
        waiting = sum(
            lot["left"] for lot in lots if not self.usable(lot, at) and not self.over(lot, at)
        )
        held = sum(
            hold["amount"]
            for hold in self.holds.values()
            if hold["member"] == member and hold["state"] == "open" and hold["expires"] > at
        )
        owed = self.owed.get(member, 0)
        return {
            "available": max(0, usable - owed),
            "pending": waiting,
            "held": held,
            "owed": owed,
            "growth": self.growth.get(member, 0),
        }

    # arriving

    def add(self, member, amount, usable, expires, root, origin=None):
        lot = {
            "n": next(self.n), "member": member, "left": amount, "usable": usable,
            "expires": expires, "root": root, "origin": origin,
        }  # fmt: skip
        self.lots.append(lot)
        return lot

    def repay(self, member, arrived):
        debt = self.owed.get(member, 0)
        for lot, amount in arrived:
            paid = min(debt, amount)
            lot["left"] -= paid
            debt -= paid
        if member in self.owed:
            self.owed[member] = debt

    def earn(self, key, member, amount, usable, expires, at, kind="earn"):
        member = self.home(member)
        lot = self.add(member, amount, usable, expires, key)
        self.grants[key] = {
            "member": member,
            "amount": amount,
            "undone": 0,
            "lapsed": 0,
            "kind": kind,
        }
        if self.over(lot, at):
            lot["left"] = 0
            self.grants[key]["lapsed"] = amount
        else:
            self.repay(member, [(lot, amount)])

    def earn_growth(self, key, member, amount):
        member = self.home(member)
        self.growth[member] = self.growth.get(member, 0) + amount
        self.grants[key] = {"member": member, "amount": amount, "undone": 0, "kind": "growth"}

    # leaving

    def choose(self, member, amount, at):
        if amount > self.balance(member, at)["available"]:
            raise Refused("insufficient_points")
        parts = []
        for lot in self.lots_of(member):
            free = self.free(lot, at)
            if amount and self.usable(lot, at) and free > 0:
                part = min(amount, free)
                parts.append((lot, part))
                amount -= part
        return parts

    def take(self, parts):
        for lot, part in parts:
            lot["left"] -= part

    def spend(self, key, member, amount, at):
        member = self.home(member)
        parts = self.choose(member, amount, at)
        self.take(parts)
        self.spends[key] = {"member": member, "uses": [[lot, part, 0] for lot, part in parts]}

    def give(self, member, recipient, amount, at):
        member, recipient = self.home(member), self.home(recipient)
        if member == recipient:
            raise Refused("gift_to_self")
        parts = self.choose(member, amount, at)
        self.take(parts)
        arrived = []
        for lot, part in parts:
            arrived.append(
                (self.add(recipient, part, lot["usable"], lot["expires"], object()), part)
            )
        self.repay(recipient, arrived)

    # holds

    def hold(self, key, member, amount, expires, at):
        member = self.home(member)
        parts = self.choose(member, amount, at)
        self.holds[key] = {
            "member": member, "amount": amount, "expires": expires, "state": "open",
            "pins": {lot["n"]: part for lot, part in parts},
        }  # fmt: skip

    def commit(self, key, transfer_id, amount, at):
        hold = self.holds[key]
        if hold["state"] == "expired" or (hold["state"] == "open" and hold["expires"] <= at):
            raise Refused("hold_expired")
        if hold["state"] != "open":
            raise Refused("hold_resolved")
        if amount > hold["amount"]:
            raise Refused("hold_too_small")
        parts = []
        for lot in self.lots_of(hold["member"]):
            part = min(amount, hold["pins"].get(lot["n"], 0))
            if part:
                parts.append((lot, part))
                amount -= part
        hold["state"] = "committed"
        self.take(parts)
        self.spends[transfer_id] = {
            "member": hold["member"],
            "uses": [[lot, part, 0] for lot, part in parts],
        }

    def void(self, key, at):
        hold = self.holds[key]
        if hold["state"] == "open" and hold["expires"] <= at:
            hold["state"] = "expired"
        if hold["state"] == "committed":
            raise Refused("hold_resolved")
        if hold["state"] == "open":
            hold["state"] = "voided"

    def expire_holds(self, at):
        for hold in self.holds.values():
            if hold["state"] == "open" and hold["expires"] <= at:
                hold["state"] = "expired"

    # undoing

    def left_of(self, done, whole, amount):
        left = whole - done
        asked = left if amount is None else amount
        if left == 0 or asked > left:
            raise Refused("reversal_too_large")
        return asked

    def clawback(self, key, amount, policy, at):
        grant = self.grants[key]
        member = self.home(grant["member"])
        amount = whole = self.left_of(grant["undone"], grant["amount"], amount)
        if grant["kind"] == "growth":
            self.growth[member] -= amount
            grant["undone"] += whole
            return
        lots = self.lots_of(member)
        own = [lot for lot in lots if lot["root"] == key]
        others = [lot for lot in lots if lot["root"] != key and not self.over(lot, at)]
        parts = []

        def gather(some, amount):
            for lot in some:
                part = min(amount, self.free(lot, at))
                if part > 0:
                    parts.append((lot, part))
                    amount -= part
            return amount

        amount = gather(own, amount)
        lapsed = min(amount, grant["lapsed"])
        amount -= lapsed
        amount = gather([lot for lot in others if self.usable(lot, at)], amount)
        amount = gather([lot for lot in others if not self.usable(lot, at)], amount)
        if amount and policy == "block":
            raise Refused("clawback_blocked")
        self.take(parts)
        grant["lapsed"] -= lapsed
        grant["undone"] += whole
        if amount and policy == "owe":
            self.owed[member] = self.owed.get(member, 0) + amount

    def restore(self, key, amount, grace, at):
        spend = self.spends[key]
        member = self.home(spend["member"])
        whole = sum(part for _, part, _ in spend["uses"])
        done = sum(back for _, _, back in spend["uses"])
        amount = self.left_of(done, whole, amount)
        arrived = []
        renewed = []
        order = sorted(
            spend["uses"],
            key=lambda use: soonest(use[0]),
            reverse=True,
        )
        for use in order:
            lot, part, back = use
            give = min(amount, part - back)
            if give == 0:
                continue
            amount -= give
            use[2] += give
            if lot["member"] == member and (grace == 0 or not self.over(lot, at)):
                lot["left"] += give
                arrived.append((lot, give))
            else:
                renewed.append((lot, give))
        for lot, give in renewed:
            expires = lot["expires"]
            if self.over(lot, at) and grace:
                expires = at + timedelta(days=grace)
            origin = lot["origin"] or (None if lot["member"] == member else lot["member"])
            arrived.append(
                (self.add(member, give, lot["usable"] or at, expires, lot["root"], origin), give)
            )
        self.repay(member, arrived)

    # time

    def expire(self, at):
        self.expire_holds(at)
        for lot in self.lots:
            free = self.free(lot, at)
            if lot["left"] and free > 0 and self.over(lot, at):
                lot["left"] -= free
                if lot["root"] in self.grants:
                    self.grants[lot["root"]]["lapsed"] += free

    def release(self, key, usable, at):
        for lot in self.lots:
            waits = lot["usable"] is None or lot["usable"] > at
            if lot["root"] == key and waits and lot["left"] > 0:
                lot["usable"] = usable

    # members

    def merge(self, merge_id, winner, loser, at):
        self.expire_holds_of(loser, at)
        for lot in self.lots_of(loser):
            moved = self.add(
                winner,
                lot["left"],
                lot["usable"],
                lot["expires"],
                lot["root"],
                lot["origin"] or loser,
            )
            lot["left"] = 0
            for hold in self.holds.values():
                if hold["state"] == "open" and lot["n"] in hold["pins"]:
                    hold["pins"][moved["n"]] = hold["pins"].pop(lot["n"])
        for hold in self.holds.values():
            if hold["member"] == loser and hold["state"] == "open":
                hold["member"] = winner
        debt = self.owed.get(loser, 0)
        if debt:
            self.owed[loser] = 0
            self.owed[winner] = self.owed.get(winner, 0) + debt
        growth = self.growth.pop(loser, 0)
        self.growth[winner] = self.growth.get(winner, 0) + growth
        self.merged[loser] = winner
        self.merges.append(
            {"id": merge_id, "winner": winner, "loser": loser, "debt": debt, "growth": growth}
        )

    def expire_holds_of(self, member, at):
        for hold in self.holds.values():
            if hold["member"] == member and hold["state"] == "open" and hold["expires"] <= at:
                hold["state"] = "expired"

    def unmerge(self, merge, at):
        loser, holder = merge["loser"], self.home(merge["winner"])
        self.expire_holds_of(holder, at)
        origins = {loser} | {m for m in self.merged if self._came_by(m, loser)}
        for lot in self.lots_of(holder):
            free = self.free(lot, at)
            if lot["origin"] in origins and free > 0:
                origin = None if lot["origin"] == loser else lot["origin"]
                self.add(loser, free, lot["usable"], lot["expires"], lot["root"], origin)
                lot["left"] -= free
        debt = min(merge["debt"], self.owed.get(holder, 0))
        if debt:
            self.owed[holder] -= debt
            self.owed[loser] = self.owed.get(loser, 0) + debt
        del self.merged[loser]
        self.merges.remove(merge)

    def _came_by(self, member, loser):
        while member in self.merged:
            member = self.merged[member]
            if member == loser:
                return True
        return False
