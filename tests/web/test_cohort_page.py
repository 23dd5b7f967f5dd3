"""Staff put somebody into a dated intake on their page."""

from __future__ import annotations

from collections.abc import Callable

from web.conftest import ADMIN, Portal

from mentorkit.journey import screen


def test_staff_put_somebody_into_a_cohort_on_their_page(
    create_portal: Callable[..., Portal],
) -> None:
    spring = {"key": "spring", "name": "Spring", "starts": "2027-03-15", "ends": "2027-06-07"}
    portal = create_portal(cohorts=[spring])
    page = f"/programs/traders/people/{portal.ids['ana']}"
    own = portal.browser("ana")
    assert "Put them into this cohort" not in own.open(page)
    assert own.knock("post", f"{page}/cohort") == 403
    admin = portal.browser("admin")
    assert "Put them into this cohort" in admin.open(page)
    told = admin.send(f"{page}/cohort", cohort="spring")
    assert "The cohort is noted." in told
    assert '<option value="spring" selected>' in told
    rows = screen.review(portal.kit, tenant=portal.tenant, actor=ADMIN, program="traders")
    assert {row["key"]: row["cohort"] for row in rows}["ana"] == "spring"
    admin.send(f"{page}/cohort", cohort="")
    assert "selected" not in admin.open(page).split('id="cohort"')[1].split("</select>")[0]
    admin.send(f"{page}/cohort", 422, cohort="winter")
