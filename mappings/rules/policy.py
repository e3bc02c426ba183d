"""The policy: every weight, threshold and window of the rules, with its default.

A portal's own version overrides them. Probabilities and weights are parts per million, bits are
floats, windows are whole days.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

KEY_ROLES = frozenset({"champion", "decision_maker", "budget_holder", "executive_sponsor"})

# Values that change no result yet, so that nobody is offered them; a stored one stays as it is.
# Whoever puts the rule to work takes its line out.
WITHOUT_EFFECT: Final = frozenset(
    {
        "ask_language_model",  # no model comes with the product
    }
)


def _table(**values: int) -> Mapping[str, int]:
    return MappingProxyType(values)


def _signals() -> Mapping[str, int]:
    return _table(
        email_domain_changed=900_000,
        company_address_gained=850_000,
        mapped_company_field=900_000,
        primary_company_by_user=850_000,
        primary_company_of_outsider=800_000,
        company_with_address=850_000,
        company_by_import=850_000,
        mapped_provider_field=800_000,
        no_longer_with=800_000,
        additional_email=700_000,
        records_merged=750_000,
        second_record=950_000,
        second_record_old_silent=700_000,
        second_record_unheard=700_000,
        second_record_soon=500_000,
        active_at_new=700_000,
        hubspot_job_change=800_000,
        company_and_title_text=600_000,
        primary_company_automatic=500_000,
        moved_self_text=700_000,
        hard_bounce=350_000,
        silence=150_000,
    )


def _referral_signals() -> Mapping[str, int]:
    return _table(
        tracked_code=980_000,
        association_label=970_000,
        noted_introduction=970_000,  # somebody of ours says so, as with a label
        field_email=950_000,
        field_name_and_company=850_000,
        named_person=800_000,
        introduction_email=750_000,
        named_company=600_000,
        former_job=700_000,
        note_names_customer=600_000,
        ambiguous=400_000,
        worked_together=150_000,  # a hint whom to ask, never credit
    )


def _word_of_mouth() -> Mapping[str, int]:
    # A person named whom the portal does not know is word of mouth like any other.
    return _table(
        wom_generic=350_000, referral_person=350_000, wom_event_talk=250_000, community=200_000
    )


def _cost_parts() -> Mapping[str, int]:
    return _table(market=1, convert=1, people=1, program=1, rewards=1)


def _health_weights() -> Mapping[str, int]:
    return _table(adoption=30, relationship=20, sentiment=20, support=15, commercial=15)


def _win_weights() -> Mapping[str, int]:
    # A result weighs more than words about it; words in public less than a purchase.
    return _table(
        goal=1_000_000,
        milestone=1_000_000,
        onboarding=800_000,
        renewal=800_000,
        expansion=800_000,
        promoter=800_000,
        review=700_000,
        case_study=700_000,
        quote=700_000,
        ticket=600_000,
        usage_record=600_000,
        praise=600_000,
    )


def _ask_weights() -> Mapping[str, int]:
    return _table(win=40, sentiment=25, health=20, relationship=15)


def _churn_odds() -> Mapping[str, int]:
    # In thousandths; starting values of practitioners, until 30 churns of the account's own are
    # known. The published 51% after a champion left would need 7.6: it had no control group.
    return _table(
        champion_left=3_000,
        executive_left=3_500,
        contraction=2_000,
        key_detractor=1_800,
        silence=1_700,
        old_urgent_ticket=1_400,
        renewal_near=1_200,
        active_contacts=700,
        promoter=700,
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a portal's settings. `version` goes into every ledger row."""

    version: int = 1
    # customers
    active_days: int = 400
    # identity, in bits
    prior_bits: float = -7.643856  # 1:200
    profile_bits: float = 14.0
    free_mail_bits: float = 12.0
    same_email_bits: float = 12.0
    mobile_bits: float = 10.0
    switchboard_bits: float = 1.0
    switchboard_persons: int = 3
    singular_name_bits: float = 12.0
    rare_name_bits: float = 9.0
    common_name_bits: float = 4.0
    nickname_bits: float = -1.0
    middle_name_bits: float = -0.5
    typo_bits: float = -0.5
    compound_bits: float = -1.0
    initial_bits: float = -1.0
    short_name_bits: float = -2.0
    profile_name_bits: float = -0.5
    address_name_bits: float = -0.5
    given_name_bits: float = 2.5
    other_name_bits: float = -2.0
    other_profile_bits: float = -6.0
    other_mobile_bits: float = -2.0
    other_job_bits: float = -1.0
    long_silent_bits: float = -0.5
    long_silent_days: int = 1095
    same_title_bits: float = 6.0
    same_city_bits: float = 8.0
    same_state_bits: float = 3.0
    same_country_bits: float = 2.0
    other_city_bits: float = -1.0
    other_state_bits: float = -3.0
    other_country_bits: float = -4.5
    old_silent_bits: float = 0.4
    job_family_bits: float = 1.5
    local_part_bits: float = 0.5
    old_gone_bits: float = 3.0
    old_alive_bits: float = -8.0
    old_gone_before_days: int = 180
    old_gone_after_days: int = 365
    old_alive_days: int = 30
    link_at: int = 950_000
    link_review_at: int = 700_000
    # moves
    signals: Mapping[str, int] = field(default_factory=_signals)
    strong_signal: int = 800_000
    contradiction_factor: int = 200_000
    move_auto: int = 850_000
    move_review: int = 550_000
    migration_days: int = 60
    migration_persons: int = 3
    migration_share: int = 300_000
    migration_year_days: int = 365
    migration_leavers_share: int = 500_000
    both_active_days: int = 60
    soon_days: int = 14
    outsider_soon_days: int = 60
    regular_touches: int = 3
    regular_gap_days: int = 45
    silence_days: int = 120
    successor_before_days: int = 60
    successor_after_days: int = 365
    edit_days: int = 7
    champion_at: int = 700_000
    # How long after a change of job the CRM usually shows it, and how soon after the last sign of
    # life people usually left; fitted, see docs/rules.md.
    moved_lag_days: int = 90
    moved_silence_days: int = 45
    credit_strength_at: int = 400_000
    move_to_deal_days: int = 730
    present_within_days: int = 7
    # A rep opens the deal first and corrects the contact's record later: how much later.
    late_record_days: int = 30
    late_record_asked_days: int = 90
    dormant_days: int = 90
    key_meetings: int = 3
    suspected_activities: int = 5
    moved_sourced: int = 900_000
    moved_assisted: int = 550_000
    moved_present: int = 250_000
    age_flat_days: int = 180
    moved_half_life_days: int = 365
    # referrals
    referral_signals: Mapping[str, int] = field(default_factory=_referral_signals)
    referral_before: int = 850_000
    referral_open: int = 500_000
    referral_look_back_days: int = 365
    referral_half_life_days: int = 180
    referral_late_days: int = 30
    referral_hold_days: int = 30
    # word of mouth
    word_of_mouth: Mapping[str, int] = field(default_factory=_word_of_mouth)
    label_counts_at: int = 500_000
    ask_language_model: bool = False  # no model comes with the product
    # credit
    sure_source_at: int = 850_000
    derived_cap: int = 1_000_000
    # classic models, for comparison only
    model_half_life_days: int = 30
    model_look_back_days: int = 365
    shapley_deals_at: int = 30
    # orders
    max_order: int = 6
    smallest_path: int = 10_000
    inheritance_months: int = 36
    # NPS
    nps_window_days: int = 365
    nps_fresh_days: int = 180
    nps_number_at: int = 30
    nps_indicative_at: int = 10
    nps_company_at: int = 5
    nps_half_life_days: int = 180
    detractor_flag_days: int = 180
    # the owner's pulse
    pulse_window_days: int = 92  # a quarter: who said nothing since says nothing
    pulse_gap_steps: int = 2
    # follow-ups of neutral and detractor answers and of gaps
    follow_up_detractor_days: int = 2  # working days
    follow_up_passive_days: int = 7
    follow_up_answer_days: int = 30  # an older answer opens none: nobody expects a call any more
    # health
    health_weights: Mapping[str, int] = field(default_factory=_health_weights)
    relationship_zero_days: int = 180
    usage_zero_at: int = 0
    usage_full_at: int = 100
    usage_silent_days: int = 45  # longer than the month between two readings
    renewal_far_days: int = 90
    contraction_zero_at: int = 50  # percent of the highest recurring value
    stale_half_life_days: int = 60
    coverage_at: int = 50
    healthy_factors: int = 3
    healthy_at: int = 70
    at_risk_below: int = 40
    band_margin: int = 3
    champion_left_cap: int = 39
    # whom to approach, by surveys and asks together
    approach_rest_days: int = 30  # between two approaches of a person, whatever they are
    survey_change_hours: int = 24  # how long an answer to our survey may be changed
    survey_rest_days: int = 90  # between two surveys of a person
    ask_rest_days: int = 90  # between two asks of a person
    ask_company_rest_days: int = 30  # between two asks of people at one company
    asks_in_a_year: int = 3  # of a person
    # wins
    win_weights: Mapping[str, int] = field(default_factory=_win_weights)
    win_half_life_days: int = 7
    win_dead_days: int = 21
    win_act_days: int = 14
    # Enthusiasm fades within a day or two, as practitioners say; at once is felt as a machine.
    promoter_act_from_hours: int = 4
    promoter_act_until_hours: int = 48
    # recurring value
    recurring_term_months: int = 12  # of a contract that does not say how long it runs
    contract_grace_days: int = 30  # most renewals are signed late; longer is a gap
    escalator_percent: int = 10  # of the value; contracts rarely foresee a steeper rise
    override_days: int = 30  # the longest that a band set by a person may hold
    touch_days: int = 30  # every customer, every month
    # whom to ask
    ask_weights: Mapping[str, int] = field(default_factory=_ask_weights)
    ask_at: int = 65
    ask_customer_days: int = 60  # how long somebody must be a customer
    ask_detractor_days: int = 365
    ask_declined_days: int = 180
    price_rise_days: int = 14  # before a price rise and after it
    renewal_quiet_days: int = 30
    owner_asks_a_week: int = 3
    ask_silent_days: int = 30  # without an answer
    # churn risk
    churn_odds: Mapping[str, int] = field(default_factory=_churn_odds)
    churn_horizon_days: int = 180  # without a renewal date; also how long a contraction is recent
    churn_silence_days: int = 60
    churn_ticket_days: int = 7
    churn_renewal_days: int = 90
    churn_contacts: int = 3  # so many active ones make a churn less likely
    churn_factors: int = 3  # of eight that must be known for a number
    churn_cap: int = 950_000
    churn_raised_at: int = 150_000
    churn_high_at: int = 350_000
    churn_fit_events: int = 30  # below that re-fitted odds are noise (Peduzzi 1996)
    # lifetime value and acquisition cost
    gross_margin: int = 800_000
    gross_margin_confirmed: bool = False  # until an admin confirms it, all revenue counts
    churn_prior: int = 20_000  # a month
    churn_prior_months: int = 50  # account-months that the prior weighs
    lifetime_months: int = 60  # nobody knows what a customer does later
    cost_parts: Mapping[str, int] = field(default_factory=_cost_parts)  # 1 counts, 0 does not
    # ledger
    late_evidence_days: int = 90
    books_close_day: int = 10  # of the next month; 0: months are closed by hand only
    merge_question_days: int = 180
    # questions for people
    rejudge_share: int = 10_000  # the smallest change of a source's part that is worth asking about

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Policy":
        """Rebuild from stored values; what is missing or of another kind is the default."""
        default = cls()
        known = {part.name: getattr(default, part.name) for part in fields(cls)}
        return cls(**{name: _chosen(usual, values.get(name)) for name, usual in known.items()})


def _chosen(usual: Any, value: object) -> Any:  # noqa: ANN401 - of the default's kind
    """A stored value of the default's kind, else the default; a table value by value."""
    if isinstance(usual, Mapping):
        table = value if isinstance(value, Mapping) else {}
        chosen = {name: _chosen(default, table.get(name)) for name, default in usual.items()}
        return MappingProxyType(chosen)
    if type(usual) is float and type(value) is int:
        return float(value)
    return value if type(value) is type(usual) else usual


DEFAULT = Policy()
