/** The training script of a plan: Python, standard library until the examples are checked; then torch, transformers and peft. */
export const TRAIN_SCRIPT: string = String.raw`#!/usr/bin/env python3
"""Trains the LoRA adapter that plan.json describes, on the examples beside it.

python3 train.py --dry-run    checks the examples; needs no package and no GPU
python3 train.py              trains, and writes adapter/ and metrics.json
"""

import argparse
import hashlib
import json
import math
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
IGNORED = -100  # the loss counts no position with this label
FIELDS = {"route", "confidence", "needs_decomposition", "risk"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=Path, default=HERE / "plan.json")
    parser.add_argument("--base", help="model to adapt, a name or a folder; default: the plan's")
    parser.add_argument("--output", type=Path, default=HERE / "adapter")
    parser.add_argument("--steps", type=int, help="default: the plan's; fewer only to try things out")
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "cpu"])
    parser.add_argument("--dry-run", action="store_true", help="check plan and examples, and stop")
    return parser.parse_args()


def fail(message):
    sys.exit(f"train.py: {message}")


def load_examples(plan, folder):
    """The examples as (user message, completion) pairs, when the file is the one that the plan was made for."""
    path = folder / plan["data"]["file"]
    if not path.is_file():
        fail(f"{path} is not there")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != plan["data"]["sha256"]:
        fail(f"{path} is not the file of the plan: its SHA-256 is {digest}")
    lead = plan["system"] + "\n\n"
    examples = []
    for number, line in enumerate(data.decode("utf-8").split("\n"), start=1):
        if line == "":
            continue
        row = json.loads(line)
        if set(row) != {"prompt", "completion"}:
            fail(f"{path}:{number}: an example has prompt and completion, and nothing else")
        if not row["prompt"].startswith(lead):
            fail(f"{path}:{number}: the prompt is not what this policy is asked")
        if set(json.loads(row["completion"])) != FIELDS:
            fail(f"{path}:{number}: the completion is no decision")
        examples.append((row["prompt"][len(lead) :], row["completion"]))
    if len(examples) != plan["data"]["rows"]:
        fail(f"{path} has {len(examples)} examples, and the plan {plan['data']['rows']}")
    return examples


def divide(examples, share):
    """Training and held-out examples, by a hash of the prompt: the same in every run."""
    train, held_out = [], []
    for example in examples:
        place = int.from_bytes(hashlib.sha256(example[0].encode("utf-8")).digest()[:6], "big") / 2**48
        (held_out if place < share else train).append(example)
    if not train:
        train, held_out = examples, []
    return train, held_out


def encode(tokenizer, plan, example):
    """Token ids and labels: the conversation as it is served, then the answer; only the answer is learned."""
    user, completion = example
    messages = [{"role": "system", "content": plan["system"]}, {"role": "user", "content": user}]
    opening = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    prompt_ids = tokenizer(opening, add_special_tokens=False)["input_ids"]
    answer_ids = tokenizer(completion, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    return prompt_ids + answer_ids, [IGNORED] * len(prompt_ids) + answer_ids


def batches(encoded, size, seed):
    """Batches without end: every pass over the examples in another order."""
    order = random.Random(seed)
    while True:
        places = list(range(len(encoded)))
        order.shuffle(places)
        for start in range(0, len(places), size):
            yield [encoded[place] for place in places[start : start + size]]


def collate(torch, batch, pad_id, device):
    """Inputs of the model, padded on the left so that all answers end together, and labels."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.full((len(batch), longest), pad_id, dtype=torch.long)
    labels = torch.full((len(batch), longest), IGNORED, dtype=torch.long)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    for place, (row_ids, row_labels) in enumerate(batch):
        ids[place, longest - len(row_ids) :] = torch.tensor(row_ids)
        labels[place, longest - len(row_labels) :] = torch.tensor(row_labels)
        mask[place, longest - len(row_ids) :] = 1
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    inputs = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
    return {name: tensor.to(device) for name, tensor in inputs.items()}, labels.to(device)


def loss_of(torch, model, batch, pad_id):
    """Mean over the tokens of the answers. Only their positions go through the output layer: its vocabulary is large."""
    inputs, labels = collate(torch, batch, pad_id, model.device)
    answer = max(sum(label != IGNORED for label in row) for _, row in batch)
    logits = model(**inputs, logits_to_keep=answer + 1).logits[:, :-1]
    return torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), labels[:, -answer:].flatten(), ignore_index=IGNORED
    )


def rate_at(step, plan, steps):
    """Rises for the first steps, then falls to a tenth along a cosine."""
    warmup = min(plan["warmup_steps"], max(1, steps // 10))
    if step < warmup:
        return plan["learning_rate"] * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return plan["learning_rate"] * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress)))


def mean_loss(torch, model, encoded, plan, pad_id):
    """Mean loss per example; None without examples."""
    if not encoded:
        return None
    model.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(encoded), plan["batch_size"]):
            batch = encoded[start : start + plan["batch_size"]]
            total += loss_of(torch, model, batch, pad_id).item() * len(batch)
    model.train()
    return total / len(encoded)


def train(plan, arguments, examples):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(plan["seed"])
    has_gpu = torch.cuda.is_available()
    if arguments.device == "cuda" and not has_gpu:
        fail("there is no CUDA device")
    device = "cuda" if has_gpu and arguments.device != "cpu" else "cpu"
    dtype = torch.bfloat16 if device == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    base = arguments.base or plan["base_model"]
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype).to(device)
    model.config.use_cache = False
    if plan["has_checkpoints"]:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=plan["rank"],
        lora_alpha=plan["alpha"],
        lora_dropout=plan["dropout"],
        target_modules=plan["target_modules"],
        bias="none",
    )
    model = get_peft_model(model, config)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # The adapter is small; in 32 bits its small steps are not rounded away.
    for parameter in trainable:
        parameter.data = parameter.data.float()
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id

    parts = divide(examples, plan["held_out_share"])
    encoded, held_out = ([encode(tokenizer, plan, example) for example in part] for part in parts)
    too_long = sum(len(ids) > plan["tokens_max"] for ids, _ in encoded)
    encoded = [item for item in encoded if len(item[0]) <= plan["tokens_max"]]
    held_out = [item for item in held_out if len(item[0]) <= plan["tokens_max"]]
    if not encoded:
        fail(f"every example is longer than {plan['tokens_max']} tokens")
    print(f"{device}, {dtype}; {len(encoded)} examples, {len(held_out)} held out, {too_long} too long", flush=True)

    steps = arguments.steps or plan["steps"]
    optimizer = torch.optim.AdamW(trainable, lr=plan["learning_rate"], weight_decay=0.0)
    before = mean_loss(torch, model, held_out, plan, pad_id)
    stream = batches(encoded, plan["batch_size"], plan["seed"])
    model.train()
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, plan, steps)
        loss_sum = 0.0
        for _ in range(plan["batches_per_step"]):
            with torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
                loss = loss_of(torch, model, next(stream), pad_id) / plan["batches_per_step"]
            loss.backward()
            loss_sum += loss.item()
        if not math.isfinite(loss_sum):
            fail(f"the loss of step {step + 1} is {loss_sum}")
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss_sum)
        if (step + 1) % 10 == 0 or step + 1 == steps:
            print(f"step {step + 1} of {steps}: loss {sum(losses[-10:]) / len(losses[-10:]):.4f}", flush=True)

    model.save_pretrained(arguments.output)
    metrics = {
        "base_model": base,
        "data_sha256": plan["data"]["sha256"],
        "steps": steps,
        "examples": len(encoded),
        "held_out": len(held_out),
        "too_long": too_long,
        "first_loss": losses[0],
        "last_loss": sum(losses[-10:]) / len(losses[-10:]),
        "held_out_loss_before": before,
        "held_out_loss_after": mean_loss(torch, model, held_out, plan, pad_id),
    }
    (arguments.output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(metrics), flush=True)
    print(f"The adapter is in {arguments.output}; convert.sh makes a GGUF file of it.")


def main():
    arguments = parse_arguments()
    plan = json.loads(arguments.plan.read_text(encoding="utf-8"))
    if plan.get("format") != "kernell-lora-plan" or plan.get("version") != 1:
        fail(f"{arguments.plan} is no plan of this version")
    if arguments.steps is not None and arguments.steps < 1:
        fail("--steps takes a number from 1")
    examples = load_examples(plan, arguments.plan.resolve().parent)
    training, held_out = divide(examples, plan["held_out_share"])
    if arguments.dry_run:
        print(json.dumps({"examples": len(examples), "training": len(training), "held_out": len(held_out)}))
        return
    train(plan, arguments, examples)


if __name__ == "__main__":
    main()
`
