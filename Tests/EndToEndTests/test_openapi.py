"""Goal: openapi.yaml says what there is: every route, and nothing else. (What routes answer is held against it in every test.)"""

import re

from contract import ROOT, document, operations

ROUTE = re.compile(r'\.(get|post|put|patch|delete)\(\s*"(/[^"]*)"')
RESPONDERS = ["accounts", "verify-phone", "two-factor", "password-reset", "notifications", "webhooks", "admin"]


def test_the_document_has_the_operations_of_the_route_tables_and_no_other():
    routes = {(method.upper(), path) for responder in RESPONDERS
              for method, path in ROUTE.findall((ROOT / "Sources" / responder / "Routes.swift").read_text())}
    of_every_responder = {(m.upper(), f"{path}/{{responder}}") for m, path in
                          ROUTE.findall((ROOT / "Sources/Countersign/FastCGI/Operations.swift").read_text())}
    assert len(routes) >= 24 and len(of_every_responder) == 3
    assert {(method, path) for method, _, _, path in operations()} == routes | of_every_responder


def test_every_code_of_an_error_is_in_the_document():
    source = (ROOT / "Sources/Countersign/HTTP/Rejection.swift").read_text()
    codes = set(re.findall(r'case \w+ = "(\w+)"', source)) - {"code_unauthorized", "provider_failed"}
    text = (ROOT / "openapi.yaml").read_text()
    assert codes and [code for code in sorted(codes) if code not in text] == []


def test_every_operation_has_a_name_a_sentence_and_says_who_may_call_it():
    names = [operation["operationId"] for _, _, operation, _ in operations()]
    assert len(names) == len(set(names))
    for _, _, operation, path in operations():
        assert operation["summary"] and operation["tags"] and ("security" in operation or "security" in document()), path
