"""Every proof says in both languages what it proves."""

from api import proofs
from api.words import proofs as proof_sentences


def test_every_proof_has_its_sentence() -> None:
    """A proof that is added or renamed brings its Chinese sentence along."""
    names = {proof.__name__.replace("_", " ") for proof in proofs.PROOFS}
    assert names == set(proof_sentences.ZH)
