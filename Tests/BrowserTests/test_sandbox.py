"""Goal: a developer sees in the inbox everything that was sent, as its reader sees it, and makes sends go wrong."""

import subprocess

import pytest
from end_to_end import eventually


@pytest.fixture
def developer(system, visitor):
    dan = visitor(viewport={"width": 1280, "height": 900})
    dan.page.goto(system.sandbox)
    dan.page.locator("#empty:visible, #messages button").first.wait_for()
    return dan


def choose(dan, to):
    dan.page.get_by_label("To", exact=True).fill(to)
    dan.page.locator("#messages button").filter(has_text=to).first.click()


def test_a_message_arrives_by_itself_with_its_code_segments_and_what_was_said(system, developer):
    person = system.register()
    number = system.verify_phone(person)
    code = system.code(number)

    choose(developer, number)
    developer.sees("1 segment")
    callbacks = developer.page.locator("details", has_text="Callback, answered 200")
    callbacks.nth(1).wait_for()
    request = developer.page.locator("details", has_text="The request that handed it in")
    request.locator("summary").click()

    assert developer.page.locator(".found strong").inner_text() == code
    assert developer.page.locator(".bubble mark").inner_text() == code
    assert f"To: {number}" in request.inner_text() and "Messages.json" in request.inner_text()


def test_a_mail_is_shown_in_a_frame_that_may_do_nothing(system, developer):
    person = system.person_with_sms()
    eventually(lambda: system.messages(person["email"]))

    choose(developer, person["email"])
    frame = developer.page.locator("iframe")
    frame.wait_for()
    words = developer.page.frame_locator("iframe").locator("body").inner_text()

    assert frame.get_attribute("sandbox") == ""
    assert "two-step" in words.lower()


def test_messages_are_filtered_and_the_inbox_is_emptied(system, developer):
    person = system.person_with_sms()
    eventually(lambda: system.messages(person["email"]))

    developer.page.get_by_label("Channel").select_option("email")
    developer.page.get_by_label("To", exact=True).fill(person["email"])
    developer.page.locator("#messages li").filter(has_text=person["email"]).first.wait_for()
    shown = developer.page.locator("#messages li").all_inner_texts()
    developer.press("Empty the inbox")
    developer.sees("No message is like this.")

    assert all("email" in text for text in shown)
    assert system.messages() == []


def test_a_rule_makes_the_next_send_go_wrong_and_is_seen_until_it_is_used_up(system, developer):
    person = system.register()

    developer.page.get_by_label("What happens").select_option("report")
    developer.page.get_by_label("Reported as").select_option("undelivered")
    developer.press("Set the rule")
    developer.sees("action: report")
    number = "+14155550142"
    system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
    choose(developer, number)

    developer.page.locator("#messages").get_by_text("undelivered").first.wait_for()


def test_commands_to_copy_work_as_they_stand(system, developer):
    command = developer.page.get_by_role("region", name="The newest messages to a number").inner_text()

    answered = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    assert '"messages"' in answered
