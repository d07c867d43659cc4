"""The words for what stands in rows as codes: states, kinds, channels, reasons.

Keys are what other apps store; an unknown code is shown as it is, so nothing is ever blank.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from regulars.kit.messages import message


@dataclass(frozen=True, slots=True)
class Worded:
    """A word and the tone it is said in."""

    title: str
    tone: str = ""


ORDER_STATES: Mapping[str, Worded] = MappingProxyType(
    {
        "created": Worded(message("Unpaid"), "warn"),
        "paid": Worded(message("Paid"), "info"),
        "completed": Worded(message("Completed"), "ok"),
        "closed": Worded(message("Closed"), "off"),
        "refunded": Worded(message("Refunded"), "bad"),
        "partially_refunded": Worded(message("Partly refunded"), "warn"),
    }
)
CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        "pos": message("Till"),
        "web": message("Web shop"),
        "mini_program": message("Mini program"),
        "app": message("App"),
        "delivery": message("Delivery platform"),
        "phone": message("By phone"),
        "file": message("File"),
        "api": message("API"),
        "webhook": message("Webhook"),
        "console": message("Console"),
    }
)
TENDERS: Mapping[str, str] = MappingProxyType(
    {
        "cash": message("Cash"),
        "card": message("Bank card"),
        "wechat": message("WeChat Pay"),
        "wechat_pay": message("WeChat Pay"),
        "alipay": message("Alipay"),
        "points": message("Points"),
        "stored_value": message("Stored value"),
        "gift_card": message("Gift card"),
        "other": message("Other"),
    }
)
MEMBER_STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "frozen": message("Frozen"),
        "merged": message("Merged"),
        "erased": message("Erased"),
    }
)
IDENTITY_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "phone": (message("Phone"), "smartphone"),
        "email": (message("E-mail"), "mail"),
        "unionid": (message("WeChat unionid"), "link"),
        "openid": (message("WeChat openid"), "link"),
        "card": (message("Member card"), "credit-card"),
        "external": (message("Outside id"), "id-card"),
    }
)
DATA_CLASSES: Mapping[str, Worded] = MappingProxyType(
    {
        "normal": Worded(message("Normal")),
        "personal": Worded(message("Personal"), "info"),
        "sensitive": Worded(message("Sensitive"), "warn"),
    }
)
TAG_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "manual": message("by hand"),
        "rule": message("by rule"),
        "model": message("by model"),
        "import": message("imported"),
    }
)
PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "membership": message("Membership"),
        "service": message("Service messages"),
        "marketing": message("Marketing"),
        "marketing_sms": message("Marketing by SMS"),
        "marketing_email": message("Marketing by e-mail"),
        "marketing_wecom": message("Marketing by WeCom"),
        "personalisation": message("Personalisation"),
        "profiling": message("Profiling"),
        "third_party": message("Sharing with partners"),
    }
)
TRANSFER_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "earn": message("Earned"),
        "spend": message("Redeemed"),
        "expire": message("Expired"),
        "reverse": message("Taken back"),
        "restore": message("Given back"),
        "merge": message("Merge"),
        "adjust": message("Adjusted"),
        "commit": message("Redeemed from hold"),
        "owe": message("Owed"),
        "repay": message("Debt repaid"),
        "open": message("Brought over"),
        "gift": message("Gift"),
        "close": message("Closed with the account"),
        "forgive": message("Debt forgiven"),
    }
)
GENDERS: Mapping[str, str] = MappingProxyType(
    {"female": message("Female"), "male": message("Male")}
)
CURRENCIES: Mapping[str, str] = MappingProxyType(
    {
        "points": message("Points"),
        "growth": message("Growth value"),
        "stored_value": message("Stored value"),
        "stored_gift": message("Gift balance"),
    }
)
GROUP_KINDS: Mapping[str, str] = MappingProxyType(
    {"tier": message("Tier"), "plan": message("Paid plan"), "segment": message("Segment")}
)
MERGE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "same_person": message("The same person, checked"),
        "member_request": message("The member asked for it"),
        "duplicate_import": message("Brought in twice by a file"),
        "wrong_merge": message("They are two people after all"),
    }
)
STATUS_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "suspected_abuse": message("Suspected abuse"),
        "stolen_account": message("The account may be in other hands"),
        "member_request": message("The member asked for it"),
        "legal_dispute": message("A dispute is being settled"),
        "cleared": message("Checked, nothing is wrong"),
        "import_undone": message("Its import was undone"),
    }
)
# The ledger keeps reasons as numbers; those of the console begin at 101.
ADJUST_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "101": message("Points were missing"),
        "102": message("Goodwill after a complaint"),
        "103": message("Correcting a wrong entry"),
        "104": message("Gift of an activity"),
        "105": message("Points gained by abuse"),
        "109": message("Something else, see the note"),
    }
)
COPY_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "copy_request": message("The member asks for a copy"),
        "portability_request": message("The member takes the data elsewhere"),
        "legal_duty": message("An authority asks for it by law"),
    }
)
ERASE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "erase_request": message("The member asks to be erased"),
        "consent_withdrawn": message("Consent was withdrawn"),
        "purpose_ended": message("The purpose has ended"),
        "test_record": message("A record made for testing"),
    }
)
FREEZE_REASONS = ("suspected_abuse", "stolen_account", "member_request", "legal_dispute")
UNFREEZE_REASONS = ("cleared", "member_request")
CONSENT_CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        "sms": message("SMS"),
        "email": message("E-mail"),
        "wecom": message("WeCom"),
        "mini_program": message("Mini program"),
        "app": message("App"),
        "phone": message("By phone"),
        "post": message("By post"),
    }
)
REVEAL_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "member_request": message("The member asks for help"),
        "order_problem": message("A problem with an order or delivery"),
        "identity_check": message("Checking who the person is"),
        "data_correction": message("Correcting wrong data"),
        "fraud_check": message("Looking into suspected abuse"),
    }
)
NOTE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "act_check": message("Checking whether an act was right"),
        "member_request": REVEAL_REASONS["member_request"],
        "fraud_check": REVEAL_REASONS["fraud_check"],
    }
)
REVEAL_SECONDS = 30


def word(words: Mapping[str, str], code: str) -> str:
    """Answer the word for a code, or the code itself where there is none."""
    return words.get(code, code)


def channel(code: str) -> str:
    """Answer the word for a channel, of orders or of consent."""
    return CONSENT_CHANNELS.get(code) or word(CHANNELS, code)
