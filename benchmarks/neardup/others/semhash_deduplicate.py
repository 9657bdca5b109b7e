"""semhash: self_deduplicate with its default threshold of 0.9, with an encoder of another package.

python benchmarks/neardup/others/semhash_deduplicate.py TEXTS OUT_FOLDER

semhash downloads its usual encoder (minishlab/potion-base-8M, or potion-multilingual-128M for many
languages). So that nothing is downloaded, it gets the static token vectors that the wordllama
package ships (256 dimensions, 32,000 tokens of the Llama 2 tokenizer), in the same class
(model2vec's StaticModel) and through the `model` argument that its documentation names for this.
"""

import sys
from pathlib import Path

import numpy as np
import wordllama
from model2vec import StaticModel
from records import read, write
from safetensors.numpy import load_file
from semhash import SemHash
from tokenizers import Tokenizer

SHIPPED = Path(wordllama.__file__).parent


def encoder() -> StaticModel:
    """The token vectors with their tokenizer; model2vec's defaults otherwise."""
    (vectors,) = load_file(SHIPPED / "weights" / "l2_supercat_256.safetensors").values()
    place = SHIPPED / "tokenizers" / "l2_supercat_tokenizer_config.json"
    return StaticModel(vectors.astype(np.float32), Tokenizer.from_file(str(place)))


def main() -> None:
    """The documented call, on records of which the column `text` is compared."""
    _, texts, out = sys.argv
    semhash = SemHash.from_records(list(read(texts)), columns=["text"], model=encoder())
    write(out, semhash.self_deduplicate().selected)


if __name__ == "__main__":
    main()
