"""Makes the tiny random cross-encoders beside it, and what transformers and sentence-transformers say of some pairs.

    python make.py        # torch 2.15, transformers 5.24, sentence-transformers 6.2, tokenizers

Each folder has a model in the hub's layout and reference.json: pairs, their token ids and types cut at max_length by
longest_first, logits (transformers, float32, eager attention, each pair by itself), and CrossEncoder.predict's scores.
"""

import json
import shutil
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    DistilBertConfig,
    ModernBertConfig,
    MPNetConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

here = Path(__file__).parent
text = (
    "Why does the sky look dark at night, although there are so many stars? Olbers asked whether an endless universe "
    "would shine everywhere. Light from far away has not yet reached us; the universe has an age. Café naïve, 12 °C."
)
pairs = [
    ["why is the night sky dark?", "The universe has an age, and light from far away has not yet reached us."],
    ["why is the night sky dark?", "Bread rises because yeast makes carbon dioxide."],
    ["", "An empty question."],
    ["an empty document", ""],
    ["Café naïve", "the CAFE was naive (12 °C)"],
    ["stars " * 30, "dark"],
    ["dark", "many stars shine " * 20],
    ["an endless universe would shine everywhere " * 4, "light from far away has not reached us " * 5],
    ["many stars shine everywhere " * 40, "light from far away " * 20],
    ["light from far away " * 20, "many stars shine everywhere " * 40],
    ["a [SEP] b", "c"],
]
max_length = 32
sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)


def words(unknown, specials, size=220):
    tokenizer = Tokenizer(models.WordPiece(unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator([text, *(side for pair in pairs for side in pair)], trainer)
    return tokenizer


def template(tokenizer, single, pair, names):
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(name, tokenizer.token_to_id(name)) for name in names]
    )
    return tokenizer


def bert_words():
    tokenizer = words("[UNK]", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return template(tokenizer, "[CLS] $A [SEP]", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", ["[CLS]", "[SEP]"])


def bytes_of_roberta():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text, *(side for pair in pairs for side in pair)], trainer)
    ids = {name: tokenizer.token_to_id(name) for name in ("<s>", "</s>")}
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", ids["</s>"]), ("<s>", ids["<s>"]), add_prefix_space=False
    )
    return tokenizer


def pieces_of_xlm():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator([text, *(side for pair in pairs for side in pair)], trainer)
    return template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ["<s>", "</s>"])


def words_of_mpnet():
    tokenizer = words("[UNK]", ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])
    return template(tokenizer, "<s> $A </s>", "<s>:0 $A:0 </s>:0 </s>:0 $B:1 </s>:1", ["<s>", "</s>"])


def marks(tokenizer_class, bracketed, **more):
    names = ["[CLS]", "[SEP]", "[PAD]", "[UNK]"] if bracketed else ["<s>", "</s>", "<pad>", more.pop("unk", "<unk>")]
    keys = ["cls_token", "sep_token", "pad_token", "unk_token"]
    return dict(zip(keys, names)) | {"tokenizer_class": tokenizer_class, "model_max_length": max_length} | more


sigmoid, identity = "torch.nn.modules.activation.Sigmoid", "torch.nn.modules.linear.Identity"
nli = dict(id2label={0: "contradiction", 1: "entailment", 2: "neutral"})
one = dict(num_labels=1)
made = {
    # As sentence-transformers 4 to 5 wrote it, as it wrote it before, and without a word of it.
    "bert": (BertConfig, bert_words, marks("BertTokenizer", True), one | dict(
        max_position_embeddings=40, sentence_transformers={"activation_fn": identity, "version": "5.1.0"}, **sizes)),
    "bert-nli": (BertConfig, bert_words, marks("BertTokenizer", True), nli | dict(max_position_embeddings=40, **sizes)),
    "roberta": (RobertaConfig, bytes_of_roberta, marks("RobertaTokenizer", False), one | dict(
        max_position_embeddings=42, type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5,
        sbert_ce_default_activation_function=sigmoid, **sizes)),
    "xlm-roberta": (XLMRobertaConfig, pieces_of_xlm, marks("XLMRobertaTokenizer", False), one | dict(
        max_position_embeddings=42, type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5, **sizes)),
    "mpnet": (MPNetConfig, words_of_mpnet, marks("MPNetTokenizer", False, unk="[UNK]"), one | dict(
        max_position_embeddings=42, pad_token_id=1, layer_norm_eps=1e-5, **sizes)),
    "distilbert": (DistilBertConfig, bert_words, marks("DistilBertTokenizer", True), one | dict(
        max_position_embeddings=40, dim=16, n_layers=2, n_heads=2, hidden_dim=32)),
    "modernbert": (ModernBertConfig, bert_words, marks("PreTrainedTokenizerFast", True, model_input_names=[
        "input_ids", "attention_mask"]), one | dict(
        max_position_embeddings=40, local_attention=8, classifier_pooling="mean", classifier_bias=True, pad_token_id=0,
        bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3, **sizes)),
}

for name, (config_class, make_tokenizer, tokenizer_config, config) in made.items():
    folder = here / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tokenizer = make_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))
    torch.manual_seed(17)
    config = config_class(vocab_size=tokenizer.get_vocab_size(), attn_implementation="eager", **config)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    with torch.no_grad():
        # Large enough that every part shows in the scores.
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    model.save_pretrained(folder)
    if name == "mpnet":
        # As sentence-transformers 6 saves a cross-encoder: modules.json, the activation beside the prompts.
        CrossEncoder(str(folder), device="cpu", activation_fn=torch.nn.Identity()).save_pretrained(str(folder))
        (folder / "README.md").unlink(missing_ok=True)
    (folder / "generation_config.json").unlink(missing_ok=True)
    reader = AutoTokenizer.from_pretrained(folder)
    ids, types, logits = [], [], []
    for pair in pairs:
        read = reader([pair[0]], [pair[1]], truncation="longest_first", max_length=max_length, return_tensors="pt")
        ids.append(read["input_ids"][0].tolist())
        types.append(read["token_type_ids"][0].tolist() if "token_type_ids" in read else None)
        with torch.no_grad():
            logits.append(model(**read).logits[0].tolist())
    scores = CrossEncoder(str(folder), device="cpu").predict([tuple(pair) for pair in pairs], apply_softmax=True)
    reference = dict(pairs=pairs, ids=ids, types=types, logits=logits, scores=scores.tolist())
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")
    print(name, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()), logits[0], scores[0])
