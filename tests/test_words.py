from tinygan.words import counted, did_you_mean, listed, nearest, printable


def test_numbers_and_lists():
    assert [counted(n, "picture") for n in (0, 1, 12_000)] == ["0 pictures", "1 picture", "12,000 pictures"]
    assert counted(2, "class", "classes") == "2 classes"
    assert listed(["a", "b"], 2) == "a, b" and listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_guesses():
    known = ("ring", "mnist")
    assert nearest("mnits", known) == "mnist" and nearest("xyz", known) is None
    assert did_you_mean(None, known) == ": choose one of ring, mnist"
    assert did_you_mean("rnig", iter(known)) == ": did you mean ring? choose one of ring, mnist"


def test_names_can_always_be_printed():
    assert printable("caf\u00e9 \u540d") == "caf\u00e9 \u540d"
    assert printable("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    broken = b"\xff.png".decode("utf-8", "surrogateescape")
    assert printable(broken) == "\\udcff.png"
    assert printable(broken).encode("utf-8")
    assert printable("x" * 500, 20) == "x" * 10 + "..." + "x" * 10
