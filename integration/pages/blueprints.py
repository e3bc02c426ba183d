"""The pages of the app, registered in one place."""

from flask import Flask

from integration.pages import (
    asking_works_page,
    asks_page,
    back_test_page,
    board_page,
    comparison_page,
    cost_page,
    customers_pages,
    digest_pages,
    entry,
    find_page,
    follow_ups_page,
    guard,
    health_forms,
    join_page,
    languages,
    listing,
    navigation,
    personal_link_page,
    portal_pages,
    program_page,
    public_leaders_page,
    public_pages,
    pulse_page,
    reconciliation_page,
    record_page,
    report_files,
    report_pages,
    review_pages,
    saved_report_pages,
    sentiment_page,
    settings_page,
    settings_versions_page,
    setup_page,
    survey_page,
    survey_switch_page,
    survey_tools_page,
    texts,
    tree_page,
    unmatched_page,
    upload_page,
    users_page,
    wins_view,
    wording,
)
from integration.portal.runtime import Runtime


def register(app: Flask, runtime: Runtime) -> None:
    """Add the pages, their template filters, their error pages and every answer's headers."""
    guard.protect(app, runtime)
    languages.register(app, lambda: guard.cookie(runtime, languages.COOKIE))
    texts.register(app)
    navigation.register(app)
    wording.register_filters(app, runtime)
    app.register_blueprint(entry.blueprint(runtime))
    app.register_blueprint(public_pages.blueprint(runtime))
    app.register_blueprint(portal_pages.blueprint(runtime))
    app.register_blueprint(reconciliation_page.blueprint(runtime))
    app.register_blueprint(record_page.blueprint(runtime))
    app.register_blueprint(follow_ups_page.blueprint(runtime))
    app.register_blueprint(pulse_page.blueprint(runtime))
    app.register_blueprint(health_forms.blueprint(runtime))
    app.register_blueprint(customers_pages.blueprint(runtime))
    app.register_blueprint(find_page.blueprint(runtime))
    app.register_blueprint(listing.blueprint(runtime))
    app.register_blueprint(wins_view.blueprint(runtime))
    app.register_blueprint(report_files.blueprint(runtime))
    app.register_blueprint(review_pages.blueprint(runtime))
    app.register_blueprint(settings_page.blueprint(runtime))
    app.register_blueprint(settings_versions_page.blueprint(runtime))
    app.register_blueprint(setup_page.blueprint(runtime))
    app.register_blueprint(survey_tools_page.blueprint(runtime))
    app.register_blueprint(unmatched_page.blueprint(runtime))
    app.register_blueprint(upload_page.blueprint(runtime))
    app.register_blueprint(tree_page.blueprint(runtime))
    app.register_blueprint(asks_page.blueprint(runtime))
    app.register_blueprint(users_page.blueprint(runtime))
    app.register_blueprint(survey_page.blueprint(runtime))
    app.register_blueprint(survey_switch_page.blueprint(runtime))
    app.register_blueprint(join_page.blueprint(runtime))
    app.register_blueprint(personal_link_page.blueprint(runtime))
    app.register_blueprint(program_page.blueprint(runtime))
    app.register_blueprint(asking_works_page.blueprint(runtime))
    app.register_blueprint(public_leaders_page.blueprint(runtime))
    app.register_blueprint(digest_pages.blueprint(runtime))
    app.register_blueprint(comparison_page.blueprint(runtime))
    app.register_blueprint(board_page.blueprint(runtime))
    app.register_blueprint(cost_page.blueprint(runtime))
    app.register_blueprint(report_pages.blueprint(runtime))
    app.register_blueprint(saved_report_pages.blueprint(runtime))
    app.register_blueprint(sentiment_page.blueprint(runtime))
    app.register_blueprint(back_test_page.blueprint(runtime))
