"""Backups of the templates: sealed, whole, and restored so that nobody is credited wrongly."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest

from edge_agent.contract.errors import BadRequest, EdgeAgentError
from edge_agent.contract.messages import ErasedWorker
from edge_agent.contract.people import Worker
from edge_agent.gate.consents import Consent
from edge_agent.gate.errors import SensorGarbled, SensorSilent
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.people import restore
from edge_agent.gate.people.requests import (
    AdoptSensor,
    DeactivateWorker,
    Enroll,
    LeaveWorker,
    RemovePrint,
    WithdrawConsent,
)
from edge_agent.gate.people.templates.backup_file import (
    Backup,
    Header,
    Record,
    line_hash,
    read_backup,
    sealed_line,
)
from edge_agent.gate.people.templates.records import Batch
from edge_agent.gate.people.templates.requests import (
    AskCourier,
    BeginBackup,
    BeginRestore,
    KeepBackup,
    ListedPrint,
    PreviewRestore,
    RestorePrints,
    SealPrints,
)
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.sensor.pairing import Pairing, digest
from tests.gate.fakes import (
    HOAS_FINGER,
    INFO,
    LANS,
    LANS_FINGER,
    Library,
    Person,
    PowerCut,
    template_of,
)
from tests.gate.sensor.test_pairing import NEW, Trouble, Works

SEALING = AgeSealing()
KEYS = SEALING.new_keys()
OTHERS = SEALING.new_keys()


class Vault(Works):
    """A gate and its sensor, with somebody who asks about templates."""

    def switch_on(self) -> None:
        super().switch_on()
        self.person = Person(self.site.clock, self.sensor, [])
        self.asked_of = self.dispatcher()

    def ask(self, request: Any) -> Any:
        return self.asked_of.carry_out(request, INFO, self.person, "uid:1000")

    def back_up(self, *recipients: str, keeping: bool = True) -> bytes:
        begun = self.ask(BeginBackup(recipients=list(recipients or [KEYS.recipient])))
        lines = [begun["header"].encode()]
        self.missing: list[dict[str, str]] = []
        while len(lines) <= begun["prints"]:
            answer = self.ask(SealPrints(backup=begun["backup"], first=len(lines)))
            lines += [line.encode() for line in answer["sealed"]]
            self.missing += answer["missing"]
        if keeping:
            self.ask(KeepBackup(backup=begun["backup"]))
        return b"".join(line + b"\n" for line in lines)

    def restore(self, backup: Backup, **begin: Any) -> list[dict[str, Any]]:
        digests = [record.digest for record in backup.records]
        self.begun = self.ask(
            BeginRestore(system_id=backup.header.system_id, digests=digests, **begin)
        )
        courier = self.ask(AskCourier())["recipient"]
        return self.put(backup, [SEALING.seal(r.line(), [courier]) for r in backup.records])

    def preview(self, backup: Backup) -> list[dict[str, Any]]:
        """What is said would become of each record; it must have changed nothing."""
        digests = [record.digest for record in backup.records]
        before = self.store.data(), dict(self.sensor.templates), self.store.prints()
        self.ask(BeginRestore(system_id=backup.header.system_id, digests=digests))
        listed = [ListedPrint.of(one) for one in backup.records]
        outcomes: list[dict[str, Any]] = self.ask(PreviewRestore(records=listed))["outcomes"]
        assert (self.store.data(), dict(self.sensor.templates), self.store.prints()) == before
        return outcomes

    def put(self, backup: Backup, sealed: list[bytes]) -> list[dict[str, Any]]:
        request = RestorePrints(gate=backup.header.gate, backup=backup.header.backup, sealed=sealed)
        outcomes: list[dict[str, Any]] = self.ask(request)["outcomes"]
        return outcomes


def opened(content: bytes, identity: str = KEYS.identity) -> Backup:
    return read_backup(content, lambda sealed: SEALING.open(sealed, [identity]))


def said(outcomes: list[dict[str, Any]]) -> dict[str, str]:
    return {outcome["worker"]: outcome["outcome"] for outcome in outcomes}


def replaced(works: Vault) -> None:
    """An empty sensor is put in the place of the one that died, and adopted."""
    works.swap(Library())
    assert works.pairing.check() is not None
    works.perform(AdoptSensor())
    assert works.store.prints() == []


def of_a_desk(*people: tuple[str, str, str]) -> Backup:
    """A backup from elsewhere: worker, name and finger of each print, the thumb of each."""
    header = Header(
        format="edge-agent-templates",
        version=1,
        backup="ab" * 16,
        gate="desk",
        system_id=INFO.system_id,
        prints=len(people),
        recipients=[KEYS.recipient],
        at=None,
    )
    bound = line_hash(header.line())
    records = [
        Record(
            header=bound,
            place=place,
            worker=worker,
            name=name,
            finger="right-thumb",
            digest=digest(template_of(finger)),
            template=template_of(finger),
        )
        for place, (worker, name, finger) in enumerate(people, 1)
    ]
    return Backup(header, records)


def test_a_finger_that_somebody_has_here_under_another_code_is_noticed() -> None:
    works = Vault()
    desk = of_a_desk(("101", "Mai", f"{LANS_FINGER}#2"), ("102", "Tuyet", "a new finger"))
    outcomes = works.restore(desk)
    assert said(outcomes) == {"101": "left-out", "102": "restored"}
    assert f"as the {LANS.finger} of {LANS.worker}" in outcomes[0]["why"]
    assert works.begun["at_once"] == 1
    assert works.credited(LANS_FINGER) == LANS.worker
    assert works.credited("a new finger") == "102"
    assert works.store.worker("101") is None
    assert works.store.announced() == []
    assert works.pairing.problem(INFO) is None  # Nothing was left in the sensor.
    assert works.pairing.check() is None
    # The one of it is removed: then the other may come.
    works.perform(RemovePrint(code=LANS.worker, finger=LANS.finger))
    assert said(works.restore(desk)) == {"101": "restored", "102": "present"}


def test_a_sensor_that_cannot_compare_is_not_rested_on() -> None:
    """An R503 may always refuse to call two templates one finger's."""
    works = Vault()
    works.sensor.match_tells = False
    desk = of_a_desk(("101", "Mai", f"{LANS_FINGER}#2"), ("102", "Tuyet", "a new finger"))
    outcomes = works.restore(desk)
    assert said(outcomes) == {"101": "left-out", "102": "left-out"}
    assert "cannot tell whether the finger is enrolled here already" in outcomes[0]["why"]
    assert works.credited(LANS_FINGER) == LANS.worker
    assert works.pairing.problem(INFO) is None  # Nothing was left in the sensor.
    # Where there is nobody else, nothing has to be compared.
    backup = opened(works.back_up())
    replaced(works)
    assert said(works.restore(backup))["007"] == "restored"


def test_a_code_that_is_another_person_s_now_gets_no_print_of_the_former_one() -> None:
    works = Vault()
    backup = opened(works.back_up())
    works.perform(RemovePrint(code=LANS.worker, finger=LANS.finger))
    works.store.put_worker(Worker(code=LANS.worker, name="Trần Văn Minh"))
    outcomes = works.restore(backup)
    assert said(outcomes)[LANS.worker] == "left-out"
    assert "another name here" in outcomes[0]["why"]


def test_a_worker_s_own_finger_twice_is_theirs_all_the_same() -> None:
    works = Vault()
    assert said(works.restore(of_a_desk((LANS.worker, "Lan", f"{LANS_FINGER}#2")))) == {
        LANS.worker: "restored"
    }
    assert works.credited(LANS_FINGER) == LANS.worker


def test_what_is_nobody_s_and_like_it_makes_way() -> None:
    works = Vault()
    works.sensor.templates[90] = "a new finger#2"
    works.sensor.templates[91] = "another"
    assert said(works.restore(of_a_desk(("102", "Tuyet", "a new finger")), any_model=True)) == {
        "102": "restored"
    }
    assert 91 in works.sensor.templates
    assert works.credited("a new finger") == "102"


def test_nothing_is_compared_where_all_are_of_the_file() -> None:
    works = Vault()
    backup = opened(works.back_up())
    replaced(works)
    works.restore(backup)
    assert works.begun["at_once"] > 1
    works.restore(backup)
    assert "twin_of" not in works.sensor.asked


def test_there_and_back_into_a_new_sensor() -> None:
    works = Vault()
    backup = opened(works.back_up())
    assert works.missing == []
    replaced(works)
    outcomes = works.restore(backup)
    assert said(outcomes) == {"007": "restored", "008": "left-out"}  # 008 is deactivated.
    [lan] = works.store.prints()
    assert (lan.slot, lan.generation) == (0, 2)  # No old match can be taken for it.
    works.settled()
    assert works.credited(LANS_FINGER) == "007"
    assert works.credited(HOAS_FINGER) is None
    restored = [e for e in works.store.data() if e["kind"] == "print.restored"]
    assert [(e["worker"], e["origin"], e["generation"]) for e in restored] == [
        ("007", "main-gate", 2)
    ]
    assert said(works.restore(backup))["007"] == "present"
    assert works.kinds().count("print.restored") == 1


def test_what_is_not_backed_up_is_counted() -> None:
    works = Vault()
    assert works.store.not_backed_up() == 2
    works.back_up(keeping=False)  # The file may never have reached its medium.
    assert works.store.not_backed_up() == 2
    backup = opened(works.back_up())
    assert works.store.not_backed_up() == 0
    works.perform(Enroll(code="009", finger="left-thumb"))
    assert works.store.not_backed_up() == 1
    replaced(works)
    works.restore(backup)
    assert works.store.not_backed_up() == 0


def test_the_ledger_says_to_whom_before_anything_leaves() -> None:
    works = Vault()
    works.store.faults = ["lost"]
    with pytest.raises(EdgeAgentError):
        works.ask(BeginBackup(recipients=[KEYS.recipient]))
    assert "read_template" not in works.sensor.asked
    content = works.back_up(KEYS.recipient, OTHERS.recipient, KEYS.recipient)
    [entry] = [e for e in works.store.data() if e["kind"] == "templates.sealed"]
    assert entry["recipients"] == [KEYS.recipient, OTHERS.recipient]
    assert opened(content) == opened(content, OTHERS.identity)
    for text in (works.store.data(), works.site.events):
        assert template_of(LANS_FINGER)[:16].decode() not in str(text)


@pytest.mark.parametrize(
    "recipients", [[], ["age1nonsense"], [KEYS.identity], [KEYS.recipient, ""]]
)
def test_only_public_keys_are_sealed_to(recipients: list[str]) -> None:
    works = Vault()
    with pytest.raises(BadRequest, match=r"recipient|public key") as refused:
        works.ask(BeginBackup(recipients=recipients))
    assert KEYS.identity not in str(refused.value)
    assert works.kinds() == []


def test_a_template_that_is_not_the_one_enrolled_is_missed_and_told() -> None:
    works = Vault()
    works.sensor.templates[0] = "somebody else's"
    backup = opened(works.back_up())
    assert [(m["worker"], m["finger"]) for m in works.missing] == [("007", "right-index")]
    assert [record.template is None for record in backup.records] == [True, False]
    assert works.store.not_backed_up() == 1
    assert b"somebody" not in msgspec.json.encode(backup)
    assert said(works.restore(backup))["007"] == "left-out"


def test_a_fault_while_reading_is_mended() -> None:
    works = Vault()
    works.sensor.failing["read_template"] = [SensorGarbled("?")]
    assert len(opened(works.back_up()).records) == 2
    assert works.missing == []
    works.sensor.failing["read_template"] = [SensorGarbled("?"), SensorSilent("?")]
    with pytest.raises(SensorSilent):
        works.back_up()


def test_another_backup_or_a_restart_ends_one() -> None:
    works = Vault()
    backup = works.ask(BeginBackup(recipients=[KEYS.recipient]))["backup"]
    later = works.ask(BeginBackup(recipients=[KEYS.recipient]))["backup"]
    for request in (SealPrints(backup=backup, first=1), KeepBackup(backup=backup)):
        with pytest.raises(BadRequest, match="not under way"):
            works.ask(request)
    with pytest.raises(BadRequest, match="no place 0"):
        works.ask(SealPrints(backup=later, first=0))


def desk() -> bytes:
    """A backup of a desk where 021 and 022 were enrolled."""
    header = Header(
        format="edge-agent-templates",
        version=1,
        backup="d" * 32,
        gate="desk",
        system_id=INFO.system_id,
        prints=2,
        recipients=[KEYS.recipient],
        at=None,
    )
    lines = [header.line()]
    for place, code in enumerate(("021", "022"), 1):
        template = template_of(f"the thumb of {code}")
        record = Record(
            header=line_hash(header.line()),
            place=place,
            worker=code,
            name=f"Worker {code}",
            finger="left-thumb",
            digest=digest(template),
            template=template,
        )
        lines.append(sealed_line(SEALING.seal(record.line(), [KEYS.recipient])))
    return b"".join(line + b"\n" for line in lines)


def test_a_desk_brings_its_workers_along() -> None:
    works = Vault()
    works.store.put_worker(Worker(code="022", name="WÒRKER  022"))  # As payroll writes it.
    outcomes = works.restore(opened(desk()))
    assert said(outcomes) == {"021": "restored", "022": "restored"}
    assert works.store.worker("021") == Worker(code="021", name="Worker 021")
    assert works.credited("the thumb of 021") == "021"
    assert works.kinds() == ["worker.added", "print.restored", "print.restored"]
    works.settled()
    assert works.gate.known.owner_of(outcomes[0]["slot"])[1] == works.store.worker("021")


def test_who_was_erased_comes_back_by_a_new_consent_only() -> None:
    works, backup = Vault(), opened(desk())
    with works.store.changing() as change:
        change.put_erased(ErasedWorker(ledger="l", seq=9, worker="021", kind="worker.left"))
    outcomes = works.restore(backup)
    assert said(outcomes) == {"021": "left-out", "022": "restored"}
    assert outcomes[0]["why"].startswith("was erased here")
    with works.store.changing() as change:
        change.put_worker(Worker(code="021", name="Worker 021"))
        change.put_consent(
            Consent(worker="021", text="vi-1", text_hash=bytes(32), signed="2026-11-01")
        )
    assert said(works.restore(backup)) == {"021": "restored", "022": "present"}


def test_a_new_card_finds_the_old_templates_in_the_sensor() -> None:
    """No second copy of any: a search would find the one that belongs to nobody."""
    works = Vault()
    works.perform(Enroll(code="009", finger="left-thumb"))
    backup = opened(works.back_up())
    there = works.sensor
    works = Vault(empty=True)
    works.store.sql("DELETE FROM workers")
    there.templates[5] = "another gate's"
    works.swap(there)
    assert works.pairing.check() is None
    works.sensor.asked.clear()
    outcomes = works.restore(backup)
    assert [(o["outcome"], o["slot"]) for o in outcomes] == [("restored", at) for at in range(3)]
    assert "write_template" not in works.sensor.asked
    assert "erase" not in works.sensor.asked
    assert works.credited(LANS_FINGER) == "007"
    assert works.sensor.templates[5] == "another gate's"


def test_a_template_that_changed_after_the_look_is_written() -> None:
    works = Vault()
    backup = opened(desk())
    works.sensor.templates[5] = "the thumb of 021"
    works.ask(BeginRestore(system_id=INFO.system_id))
    works.sensor.templates[5] = "another gate's"
    courier = works.ask(AskCourier())["recipient"]
    outcomes = works.put(backup, [SEALING.seal(r.line(), [courier]) for r in backup.records])
    assert 5 not in {outcome["slot"] for outcome in outcomes}
    assert works.credited("the thumb of 021") == "021"


def test_a_template_that_vanished_after_the_look_is_written() -> None:
    """Its slot is the first free one then; a print there without a template would credit nobody."""
    works = Vault()
    backup = opened(desk())
    works.sensor.templates[2] = "the thumb of 021"
    works.ask(BeginRestore(system_id=INFO.system_id))
    del works.sensor.templates[2]
    courier = works.ask(AskCourier())["recipient"]
    outcomes = works.put(backup, [SEALING.seal(r.line(), [courier]) for r in backup.records])
    assert 2 in {outcome["slot"] for outcome in outcomes}
    assert works.credited("the thumb of 021") == "021"


def test_two_persons_with_one_code_are_not_made_one() -> None:
    works = Vault()
    works.store.put_worker(Worker(code="021", name="Somebody else"))
    [first, second] = works.restore(opened(desk()))
    assert (first["outcome"], second["outcome"]) == ("left-out", "restored")
    assert "another name here" in first["why"]
    assert "Somebody" not in first["why"]
    assert works.credited("the thumb of 021") is None


def test_a_finger_enrolled_anew_stays() -> None:
    works = Vault()
    backup = opened(works.back_up())
    with works.store.changing() as change:
        change.put_digest(LANS, bytes(32))
    [lan, _] = works.restore(backup)
    assert lan["outcome"] == "left-out"
    assert "prints remove 007 --finger right-index" in lan["why"]


def test_a_template_that_has_vanished_comes_back_in_another_life() -> None:
    works = Vault()
    backup = opened(works.back_up())
    del works.sensor.templates[0]
    assert said(works.restore(backup))["007"] == "restored"
    [lan] = [print_ for print_ in works.store.prints() if print_.worker == "007"]
    assert lan.generation == 2 or lan.slot != 0
    assert works.kinds()[-2:] == ["print.removed", "print.restored"]
    works.settled()


def test_a_record_moved_to_another_worker_by_who_has_the_key() -> None:
    """Even one that was sealed anew: this gate knows whose template that is, for ever."""
    works = Vault()
    backup = opened(works.back_up())
    replaced(works)
    lans, hoas = backup.records
    stolen = msgspec.structs.replace(lans, worker="009", name="Minh")
    before = dict(works.sensor.templates)
    with pytest.raises(BadRequest, match=r"enrolled at this gate as the right-index of 007"):
        works.restore(Backup(backup.header, [hoas, stolen]))
    assert works.sensor.templates == before
    assert works.store.prints() == []
    assert "write_template" not in works.sensor.asked


def test_a_template_other_than_its_digest_is_refused_by_the_gate_too() -> None:
    works = Vault()
    backup = opened(desk())
    forged = msgspec.structs.replace(backup.records[0], template=template_of("x"))
    with pytest.raises(BadRequest, match="not the one that its digest names"):
        works.restore(Backup(backup.header, [backup.records[1], forged]))
    assert "write_template" not in works.sensor.asked


def test_another_models_templates_are_refused() -> None:
    works = Vault()
    backup = opened(desk())
    other = msgspec.structs.replace(backup.header, system_id=9)
    with pytest.raises(BadRequest, match=r"system id 0x0009.*--any-model"):
        works.restore(Backup(other, backup.records))
    assert works.restore(Backup(other, backup.records), any_model=True)


def test_another_size_leaves_nothing_behind() -> None:
    works = Vault()
    backup = opened(desk())
    large = b"x" * 768
    record = msgspec.structs.replace(backup.records[0], template=large, digest=digest(large))
    before = dict(works.sensor.templates)
    with pytest.raises(BadRequest, match="takes no template"):
        works.restore(Backup(backup.header, [record]))
    assert works.sensor.templates == before
    assert works.store.worker("021") is None
    works.settled()


def test_a_full_sensor_says_so_before_anything_is_written() -> None:
    works = Vault()
    for slot in range(2, INFO.capacity - 1):
        works.sensor.templates[slot] = f"nobody's {slot}"
        works.store.put_worker(Worker(code=f"x{slot}", name="x"))
    works.store.put_worker(Worker(code="021", name="Worker 021"))
    free = INFO.capacity - 1
    outcomes = works.restore(opened(desk()))
    # The empty one first, then one that belongs to nobody.
    assert [outcome["slot"] for outcome in outcomes] == [free, 2]


def test_only_the_couriers_key_and_only_so_many() -> None:
    works = Vault()
    backup = opened(desk())
    sealed = SEALING.seal(backup.records[0].line(), [KEYS.recipient])
    with pytest.raises(BadRequest, match="begin anew"):
        works.put(backup, [sealed])
    works.ask(AskCourier())
    with pytest.raises(BadRequest, match="sealed to other keys"):
        works.put(backup, [sealed])
    for wrong in ([], [sealed] * 17):
        with pytest.raises(BadRequest, match="at once"):
            works.put(backup, wrong)
    courier = works.ask(AskCourier())["recipient"]
    one = SEALING.seal(backup.records[0].line(), [courier])
    with pytest.raises(BadRequest, match="twice"):
        works.put(backup, [one, one])


_CACHED: list[Backup] = []


def _cut_off_backup() -> Backup:
    if not _CACHED:
        works = Vault()
        works.perform(Enroll(code="009", finger="left-thumb"))
        _CACHED.append(opened(works.back_up()))
    return _CACHED[0]


def interrupt(kind: str) -> int:
    """Let trouble strike at each moment of a restore in turn; how many there were."""
    backup = _cut_off_backup()
    for at in range(1000):
        works = Vault(empty=True)
        works.store.put_worker(Worker(code="008", name="Hoa"))
        works.ask(AskCourier())
        trouble = Trouble(works, kind, at)
        try:
            works.restore(backup)
        except PowerCut:
            pass
        except EdgeAgentError:
            with suppress(EdgeAgentError):
                works.pairing.recover()
            if kind != "dead sensor":
                works.nobody_wrongly()
        struck = not works.store.faults if kind in ("lost", "kept") else trouble.struck
        works.switch_on()
        assert works.pairing.check() is None
        works.nobody_wrongly()
        if kind != "torn write":  # A torn mark, with nothing else to know the module by.
            works.settled()
        works.restore(backup)
        works.nobody_wrongly()
        assert {p.worker for p in works.store.prints()} == {"007", "008", "009"}
        assert {works.credited(f) for f in (LANS_FINGER, HOAS_FINGER, NEW)} == {
            "007",
            "008",
            "009",
        }
        assert works.store.announced() == []
        if kind != "torn write":
            works.settled()
        if not struck:
            return at
    raise AssertionError("It never ended.")


@pytest.mark.parametrize(
    "kind", ["power cut", "torn write", "silence", "lost answer", "dead sensor", "lost", "kept"]
)
def test_a_restore_that_is_cut_off_anywhere_goes_on_where_it_ended(kind: str) -> None:
    assert interrupt(kind) >= 2


PLANTED = {
    "nothing is announced": (Recorder, "announce", lambda gate, *slots: None),
    "what was cut off is forgotten": (Pairing, "undo", lambda pairing, slots: None),
    "the notepad is not kept up to date": (Pairing, "write_mark", lambda pairing: None),
    "every record is written again": (Batch, "sort", lambda batch, record, gate, taken: None),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_bug_is_found(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*planted)
    with pytest.raises((AssertionError, EdgeAgentError)):
        interrupt("power cut")


def test_a_deactivated_worker_stays_so() -> None:
    works = Vault()
    works.perform(DeactivateWorker(code="009"))
    backup = opened(desk())
    record = msgspec.structs.replace(backup.records[0], worker="009", name="Minh")
    [outcome] = works.restore(Backup(backup.header, [record]))
    assert outcome["why"] == "the worker is deactivated here"


def test_what_would_be_restored_is_told_and_nothing_changed() -> None:
    works = Vault()
    backup = opened(works.back_up())
    assert said(works.preview(backup)) == {"007": "present", "008": "present"}
    replaced(works)
    told = works.preview(backup)
    assert said(told) == {"007": "to-restore", "008": "left-out"}
    # The sensor that died had them: nobody has removed them. 008 is deactivated.
    assert not any(one.get("removed") for one in told)
    assert said(works.restore(backup)) == {"007": "restored", "008": "left-out"}


def test_whom_somebody_has_removed_is_told_until_they_are_back() -> None:
    works = Vault()
    backup = opened(works.back_up())
    works.ask(RemovePrint(code="007", finger="right-index"))
    told = {one["worker"]: one for one in works.preview(backup)}
    assert (told["007"]["outcome"], told["007"]["removed"]) == ("to-restore", True)
    assert told["008"]["outcome"] == "present"
    works.restore(backup)
    replaced(works)
    assert not any(one.get("removed") for one in works.preview(backup))


@pytest.mark.parametrize("goes", [LeaveWorker(code="007"), WithdrawConsent(code="007")])
@pytest.mark.parametrize("days", [0, 10])
def test_who_has_left_or_withdrawn_never_comes_back_by_a_file(goes: Any, days: int) -> None:
    works = Vault()
    backup = opened(works.back_up())
    works.gate.renew(msgspec.structs.replace(works.gate.policy, erase_within_days=days))
    if days:  # As long as they are not erased yet.
        works.ask(RemovePrint(code="007", finger="right-index"))
    works.ask(goes)
    for outcomes in (works.preview(backup), works.restore(backup)):
        assert said(outcomes) == {"007": "left-out", "008": "present"}
        assert outcomes[0]["name"] == ("backup.stopped" if days else "backup.erased")
    assert works.credited(LANS_FINGER) is None


def test_a_file_that_was_altered_is_refused_before() -> None:
    works = Vault()
    backup = opened(works.back_up())
    moved = msgspec.structs.replace(backup.records[0], worker="009", name="Minh")
    with pytest.raises(BadRequest, match="the backup was altered"):
        works.preview(Backup(backup.header, [moved]))


def test_what_was_removed_is_looked_for_once_in_a_restore_and_for_nobody_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of the ledger is read for it, while nobody can press."""
    looked = list[str]()

    def look(store: Any) -> set[tuple[str, str]]:
        looked.append("all of it")
        return really(store)

    really = restore.removed_here
    monkeypatch.setattr(restore, "removed_here", look)
    works = Vault()
    backup = opened(works.back_up())
    works.preview(opened(desk()))
    assert looked == []
    replaced(works)
    works.preview(backup)
    listed = [
        ListedPrint(worker=one.worker, name=one.name, finger=one.finger, digest=one.digest)
        for one in backup.records
    ]
    works.ask(PreviewRestore(records=listed))
    assert looked == ["all of it"]
    works.ask(BeginRestore(system_id=INFO.system_id))
    works.ask(PreviewRestore(records=listed))
    assert looked == ["all of it"] * 2
