"""JSON:API: the page "Submit a generic document" of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conformance.kit import Kit, Line, exactly, fields, is_moment, is_moment_or_null, is_text, one_of, picture, status

ATTRIBUTES = {
    "kind": exactly("proof_of_address"), "status": exactly("submitted"), "created-at": is_moment, "processed-at": is_moment_or_null,
    "files": lambda value: isinstance(value, list) and len(value) == 1,
}  # fmt: skip


class Persona(Kit):
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def lines(self) -> Iterator[Line]:
        made = self.call("POST", "/api/v1/inquiries", {"data": {"attributes": {"inquiry-template-id": "usps1583"}}})
        yield status("create an inquiry", made, 201)
        yield from self.submit(made.body["data"]["id"])
        yield from self.refused()
        yield from self.verification()
        yield from self.lists()

    def verification(self) -> Iterator[Line]:
        what = "POST /verification/government-ids"
        attributes = {"id-class": "pp", "country-code": "USA", "front-photo": {"data": picture()}}
        made = self.call("POST", "/api/v1/verification/government-ids", {"data": {"attributes": attributes}})
        yield status(what, made, 201)
        data = made.body["data"]
        yield f"{what}: initiated", data["attributes"]["status"] == "initiated", str(data)[:200]
        done = self.call("POST", f"/api/v1/verification/government-ids/{data['id']}/submit")
        yield status(f"{what}: submit", done, 200)
        shown = self.call("GET", f"/api/v1/verifications/{data['id']}").body["data"]
        yield f"{what}: retrieve", shown["type"] == "verification/government-id", str(shown)[:200]
        told = shown["attributes"]["status"] in ("submitted", "passed", "failed")
        yield f"{what}: status", told, str(shown["attributes"]["status"])
        yield status("POST /verification/databases: not offered", self.call("POST", "/api/v1/verification/databases", {}), 501)

    def lists(self) -> Iterator[Line]:
        what = "POST /list/names"
        made = self.call("POST", "/api/v1/list/names", {"data": {"attributes": {"name": "Conformance"}}})
        yield status(what, made, 201)
        place = f"/api/v1/lists/{made.body['data']['id']}"
        shown = self.call("GET", place, Accept="application/vnd.api+json")
        yield f"{what}: retrieve", shown.body["data"] == made.body["data"], str(shown.body)[:200]
        gone = self.call("DELETE", place, Accept="application/vnd.api+json")
        yield "DELETE /lists/{id}: archived", gone.body["data"]["attributes"]["status"] == "archived", str(gone.body)[:200]
        events = self.call("GET", "/api/v1/events?page[size]=1", Accept="application/vnd.api+json")
        yield "GET /events", [entry["type"] for entry in events.body["data"]] == ["event"], str(events.body)[:200]

    def document(self, inquiry: str | None, *, files: bool = True) -> str:
        attributes: dict[str, Any] = {"kind": "proof_of_address", "document-type": "utility_bill", "country-code": "USA"}
        if inquiry:
            attributes["inquiry-id"] = inquiry
        if files:
            attributes["files"] = [{"filename": "multipage_example.png", "data": picture()}]
        made = self.call("POST", "/api/v1/document/generics", {"data": {"attributes": attributes}})
        assert made.status == 201, made
        assert made.body["data"]["attributes"]["status"] == "initiated"
        return str(made.body["data"]["id"])

    def submit(self, inquiry: str) -> Iterator[Line]:
        what, document = "POST /document/generics/{id}/submit", self.document(inquiry)
        place = f"/api/v1/document/generics/{document}/submit"
        done = self.call("POST", place, Idempotency_Key=f"k-{document}")
        yield status(what, done, 200)
        yield f"{what}: data, and nothing included unasked", list(done.body) == ["data"], str(list(done.body))
        data = done.body["data"]
        wanted = {"type": exactly("document/generic"), "id": exactly(document), "attributes": lambda _: True, "relationships": lambda _: True}
        yield from fields(f"{what}: data", data, wanted)
        yield from fields(f"{what}: attributes", data["attributes"], ATTRIBUTES)
        yield from fields(f"{what}: files", data["attributes"]["files"][0], {"filename": is_text, "url": is_text})
        file = data["attributes"]["files"][0]
        path = f"/api/v1/files/[^/]+/{file['filename']}"
        yield f"{what}: the address of a file ends with its name", _matches(path, file["url"]), file["url"]
        yield from fields(f"{what}: relationships", data["relationships"], {"inquiry": exactly({"data": {"type": "inquiry", "id": inquiry}})})
        again = self.call("POST", place, Idempotency_Key=f"k-{document}")
        yield status(f"{what}: again with the same Idempotency-Key", again, 200)
        yield status(f"{what}: again without it", self.call("POST", place), 422)
        snake = self.call("GET", f"/api/v1/documents/{document}", Accept="application/vnd.api+json", Key_Inflection="snake")
        yield f"{what}: Key-Inflection snake", "created_at" in snake.body["data"]["attributes"], str(snake.body)[:200]
        included = self.call("GET", f"/api/v1/documents/{document}?include=inquiry", Accept="application/vnd.api+json")
        yield "include=inquiry", [entry["id"] for entry in included.body.get("included", [])] == [inquiry], str(included.body)[:200]
        few = self.call("GET", f"/api/v1/documents/{document}?fields[document/generic]=kind", Accept="application/vnd.api+json")
        yield "fields[document/generic]=kind", list(few.body["data"]["attributes"]) == ["kind"], str(few.body)[:200]

    def refused(self) -> Iterator[Line]:
        what, empty = "POST /document/generics/{id}/submit", self.document(None, files=False)
        none = self.call("POST", f"/api/v1/document/generics/{empty}/submit")
        yield status(f"{what}: no files", none, 422)
        error = {"title": is_text, "details": is_text, "code": one_of("no_files")}
        yield from fields("errors", none.body["errors"][0], error)
        alone = self.document(None)
        done = self.call("POST", f"/api/v1/document/generics/{alone}/submit")
        yield f"{what}: a standalone document has no inquiry", done.body["data"]["relationships"] == {"inquiry": {"data": None}}, str(done.body)[:200]
        yield status(f"{what}: unknown", self.call("POST", "/api/v1/document/generics/doc_nothing/submit"), 404)
        yield status(f"{what}: without a key", self.unauthenticated("POST", "/api/v1/document/generics/doc_nothing/submit"), 401)


def _matches(pattern: str, url: str) -> bool:
    import re

    return re.search(pattern + r"\Z", url) is not None
