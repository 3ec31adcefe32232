#!/usr/bin/env python3
"""Makes docs/performance.md of what Benchmarks/run and Benchmarks/peers/compare left.

usage: Benchmarks/page.py [--tables] [FOLDER]      FOLDER is runs/benchmarks unless given
       --tables prints the tables alone
"""
import json, os, pathlib, platform, re, statistics, subprocess, sys

root = pathlib.Path(__file__).resolve().parent.parent
arguments = [a for a in sys.argv[1:] if a != "--tables"]
folder = pathlib.Path(arguments[0]) if arguments else root / "runs/benchmarks"


def load(name):
    path = folder / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def table(head, rows):
    return "\n".join(["| " + " | ".join(r) + " |" for r in [head, ["---"] * len(head), *rows]]) + "\n"


def number(x, digits=3):
    if x is None:
        return "–"
    if abs(x) >= 1000:
        return f"{x:,.0f}"
    return f"{x:.{digits}g}" if x and abs(x) < 1 else f"{x:.{max(0, digits - len(str(int(abs(x)))))}f}"


def spread(values):
    mean = statistics.mean(values)
    return number(mean) + (f" ({number(min(values))}–{number(max(values))})" if len(values) > 1 else "")


def cases(part):
    c = part["ceilings"]
    rows = []
    for r in part["rows"]:
        whole = r["iterations"] == 40
        per = r["seconds"] / r["samples"] * 40 / r["iterations"]
        rows.append([r["data"], r["model"].replace("-autoencoder", ""), r["views"], str(r["samples"]),
                     number(1 / per) + ("" if whole else "*"), number(per * 1000) + ("" if whole else "*"),
                     number(r["megabytes"]), f"{number(r['gigaflops'])} ({r['gigaflops'] / c['gigaflops']:.0%})",
                     f"{number(r['gigabytes'])} ({r['gigabytes'] / c['gigabytes']:.0%})",
                     f"{r['mineShare']:.0%} / {r['modelShare']:.0%} / {r['otherShare']:.0%}"])
    note = "" if all(r["iterations"] == 40 for r in part["rows"]) else \
        f"\n\\* from {part['rows'][0]['iterations']} of the 40 iterations, every one of which costs the same.\n"
    return (f"In the same run products of 1024×1024 matrices reached {number(c['gigaflops'])} GFLOP/s and copies "
            f"{number(c['gigabytes'])} GB/s on {c['threads']} threads; shares of these are in brackets.\n\n"
            + table(["data", "model", "views", "samples", "samples/s", "ms a sample", "peak MB", "GFLOP/s", "GB/s",
                     "MINE and views / model / elsewhere"], rows) + note)


def growth(part):
    return table(["K", "D", "H", "µs a step", "GFLOP/s", "weights and moments, kB"],
                 [[str(r["views"]), str(r["dimension"]), str(r["hidden"]), number(r["microsecondsPerStep"]),
                   number(r["gigaflops"]), number(r["stateKilobytes"])] for r in part["rows"]])


def scaling(part):
    most = max(r["threads"] for r in part["rows"])
    one = [r["seconds"] for r in part["rows"] if r["threads"] == 1]
    many = [r["seconds"] for r in part["rows"] if r["threads"] == most]
    return most, ratios(one, many)


def peers(part):
    ours = next(r for r in part["rows"] if r["method"] == "ours")
    rows = []
    for r in part["rows"]:
        rows.append([r["method"], spread([s * 1000 for s in r["seconds"]]), "1" if r is ours else spread(ratios(r["seconds"], ours["seconds"])),
                     str(r["samples"]), "–" if r["success"] is None else f"{r['success']:.0%}", number(r["information"]), number(r["delta"])])
    return table(["method", "ms a sample", "times ours", "samples", "success", "information", "‖δ‖₂"], rows)


def ratio(name, method):
    part = load(name)
    if not part:
        return None
    seconds = {r["method"]: r["seconds"] for r in part["rows"]}
    theirs = next(v for k, v in seconds.items() if k.startswith(method) and k != "ours")
    return statistics.mean(ratios(theirs, seconds["ours"]))


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{number(middle)} ({number(low)}–{number(high)})"


def ratios(above, below):
    return [a / b for a, b in zip(above, below)]


def goals():
    """The rows of a table of targets, and what adds one."""
    rows = []

    def add(what, goal, measured, met):
        rows.append([what, goal, measured, "met" if met else "**not met**"])

    return rows, add


def busy(row, part):
    return row["processorSeconds"] / row["seconds"] / part["threads"]


def whole(add, recipe, model, minutes):
    """60,000 samples by the command line."""
    part = load("peer-whole")
    for r in part["rows"] if part else []:
        if (r["recipe"], r["model"]) != (recipe, model):
            continue
        took = r["seconds"] / r["samples"] * 60000 / 60
        how = "measured" if r["samples"] == 60000 else f"at the rate of {r['samples']:,}"
        add(f"60,000 MNIST examples, {model}, everything included", f"< {minutes} min",
            f"{number(took)} min ({how}; the processor was ours for {busy(r, part):.0%} of the time)", took < minutes)
        add("peak memory of that run", "< 1 GB", f"{number(r['megabytes'])} MB", r["megabytes"] < 1000)


def far_targets():
    """The search for far examples against the model's own passes and the port."""
    rows, add = goals()
    part = load("far")
    for r in part["rows"] if part else []:
        factors = ratios(r["seconds"], r["passes"])
        add(f"{r['model'].replace('-autoencoder', '')}, `{r['similarity']}`: times what the model's own passes take", "≤ 1.5",
            spread(factors), statistics.mean(factors) <= 1.5)
    for model in ["dense", "conv"]:
        r = ratio(f"peer-far-{model}", "PyTorch")
        if r:
            add(f"{model}: against the port in batches", "≥ 3×", f"{number(r)}×", r >= 3)
        whole(add, "far-noise", model, {"dense": 1, "conv": 8}[model])
    return table(["MNIST, far-noise, T = 40", "target", "measured", ""], rows) if rows else ""


def targets():
    rows, add = goals()
    for what, goal, name, method in [
            ("against the port, one sample at a time", 20, "peer-vanilla", "PyTorch, one at a time"),
            ("against the port, batched", 4, "peer-vanilla", "PyTorch, batched"),
            ("against the authors' network, one sample at a time", 1000, "peer-authors",
             "PyTorch, the authors' network, one at a time")]:
        r = ratio(name, method)
        if r:
            add(what, f"≥ {goal}×", f"{number(r)}×", r >= goal)
    part = part_cases = load("cases")
    chosen = part and [r for r in part["rows"] if r["data"] == "MNIST" and r["model"].startswith("conv")
                       and r["views"] == "convolution"]
    if chosen:
        share = chosen[-1]["gigaflops"] / part["ceilings"]["gigaflops"]
        add("share of the matrix product's GFLOP/s, whole generation", "≥ 50 %", f"{share:.0%}", share >= 0.5)
    whole(add, "paper", "conv", 25)
    part = load("peer-whole")
    shared = part and any(busy(r, part) < 0.9 for r in part["rows"] if r["recipe"] == "paper")
    part = load("threads")
    if part:
        most, factors = scaling(part)
        add(f"threads 1 → {most}", "≥ 1.8×", f"{spread(factors)}×", statistics.mean(factors) >= 1.8)
    text = table(["MNIST, convolutional autoencoder, views by its convolution", "target", "measured", ""], rows) if rows else ""
    if shared:
        text += ("\nOther processes had part of the machine during the long run, and perhaps during the comparison with the "
                 "authors' network: take those times as upper bounds.\n")
    if chosen:
        r, peak = chosen[-1], part_cases["ceilings"]["gigaflops"]
        need = r["gigaflops"] * r["seconds"] / r["samples"]
        text += (f"\nThe roof: one example takes {number(need)} billion operations, {need / peak * 1000:.1f} ms at the "
                 f"{number(peak)} GFLOP/s that large matrix products reach on all cores, or "
                 f"{need / peak * 1000:.1f} minutes for 60,000; {number(r['seconds'] / r['samples'] * 1000)} ms were "
                 "measured. The operations work on what lies in the cache, so bandwidth does not bind.\n")
        steps = {(r["views"], r["dimension"], r["hidden"]): r["microsecondsPerStep"] for r in (load("growth") or {"rows": []})["rows"]}
        if steps:
            short, long = steps[16, 784, 16], steps[64, 784, 16]
            fixed = short - (long - short) / 3
            products = 4 * 2 * 784 * 16 * 64 / (long - fixed) / 1e3
            text += (f"\nWhere the rest goes: of a MINE step of {short:.1f} µs with K = 16, {fixed:.1f} µs "
                     f"({fixed / short:.0%}) do not grow with K: Adam reads and writes every weight and its two moments for only "
                     "4 K operations of products on it. The products "
                     f"themselves run at {products:.0f} GFLOP/s a core. The model works on convolutions of 8 and 16 "
                     f"channels, far smaller than what a matrix product needs, in {r['modelShare']:.0%} of the time.\n")
    return text


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text() if pathlib.Path("/proc/cpuinfo").exists() else ""
    cpu = re.search(r"model name\s*: (.*)", text)
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text() if text else "")
    swift = subprocess.run(["swift", "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    parts = [p for p in map(load, ["cases", "ceilings", "growth", "authors"]) if p]
    swift = re.search(r"Swift version (\S+)", swift)
    return ", ".join(filter(None, [
        f"{cpu[1] if cpu else platform.machine()}", f"{os.cpu_count()} cores",
        f"{int(memory[1]) / 2**20:.0f} GiB" if memory else None, f"{platform.system()} {platform.release()}",
        f"MINE's kernel for {parts[0]['instructionSet']}" if parts else None,
        f"LibTorch {parts[0]['torch']}" if parts else None, f"Swift {swift[1]}" if swift else None]))


sections = []


def section(name, title, text, body):
    part = load(name)
    if part:
        quick = " (quick form: too short to be trusted)" if part["quick"] else ""
        sections.append(f"## {title}{quick}\n\n{text}\n\n{body(part)}")


section("cases", "Whole generation", "Algorithm 1, T = 40, 20 MINE steps an iteration, `.vanilla`, as many samples "
        "as the column says (they are solved in tiles of 64). Counts that take too long are left out. A "
        "multiplication with its addition is two operations; GB/s is the least traffic that must leave the cache; the peak is the process's, with what the rows above left.", cases)
section("authors", "The authors' network", "`.authors`: two samples; a tile is solved in parts that fit the memory.", cases)
section("growth", "How MINE grows with K, D and H", "One sample on one thread, the kernel alone. Time grows with "
        "K·D·H (H in slices of 16), memory with D·H; both grow with the number of samples in proportion.", growth)
for name, title in [("peer-vanilla", "Side by side with PyTorch"), ("peer-compiled", "With `torch.compile`"),
                    ("peer-authors", "With the authors' network"),
                    ("peer-far-dense", "Far examples, dense autoencoder"),
                    ("peer-far-conv", "Far examples, convolutional autoencoder")]:
    section(name, title, "MNIST, " + ("dense" if "dense" in name else "convolutional") + " autoencoder, the same images and weights, by turns in one run; "
            "mean (least–most) of the repetitions. `information` is −½ ln(1 − cos²(x, x′)), over the successes.", peers)
section("peer-retraining", "Retrained on the examples", "Test error after the same number of updates from the same "
        "weights, 128 images and their examples (mean, least–most of the seeds): far too little data to rank methods; "
        "it shows that ours and the port's examples serve alike.",
        lambda p: table(["added to the data", "test MSE"], [[r["data"], spread(r["errors"])] for r in p["rows"]]))
section("peer-settings", "MINE's learning rate and hidden units", "128 MNIST images, Algorithm 1 with α = 0.3 from a start in noise of σ = 0.4 (from δ = 0 it hardly moves).",
        lambda p: table(["H", "learning rate", "success", "‖δ‖₂", "information"],
                        [[str(r["hidden"]), f"{r['learningRate']:g}", f"{r['success']:.0%}", number(r["delta"]),
                          number(r["information"])] for r in p["rows"]]))
section("far", "Far examples beside the model's own passes", "The recipe `far-noise` without early rest, and as many forward "
        "passes and input gradients of the model alone, by turns in one run, tiles of 64 on all threads.",
        lambda p: table(["model", "similarity", "samples", "ms a sample", "the passes alone, ms", "times", "peak MB"],
                        [[r["model"].replace("-autoencoder", ""), r["similarity"], str(r["samples"]),
                          spread([s / r["samples"] * 1000 for s in r["seconds"]]),
                          spread([s / r["samples"] * 1000 for s in r["passes"]]),
                          spread(ratios(r["seconds"], r["passes"])), number(r["megabytes"])] for r in p["rows"]]))
section("pooling", "Maxima of 2 × 2 values", "One thread, by turns with LibTorch's own kernel: the least of all turns, and the median "
        "(quartiles) of the quotients.",
        lambda p: table(["shape", "channels", "ours, ms", "LibTorch's, ms", "times as fast"],
                        [[" × ".join(map(str, r["shape"])), "last" if r["hasChannelsLast"] else "first",
                          number(min(r["ours"]) * 1000), number(min(r["theirs"]) * 1000),
                          quartiles(ratios(r["theirs"], r["ours"]))] for r in p["rows"]]))
section("programs", "Programs of torch.export", "Processor time of one thread for the forward pass and the gradient of the input, a batch of "
        "64, the same network as `.pt2` and as TorchScript, by turns in one run (`Benchmarks/exported/compare`): the least of all "
        "turns, and the median (quartiles) of the quotients of neighbours.",
        lambda p: table(["network", "`.pt2`, ms", "TorchScript, ms", "times"],
                        [[r["model"].replace("_", " "), number(min(r["exported"]) * 1000), number(min(r["script"]) * 1000),
                          quartiles(ratios(r["exported"], r["script"]))] for r in p["rows"]["calls"]])
        + "\nUntil a file can be called, from the system's cache; and what the process has grown by while it is open and nothing was "
        "computed.\n\n" + table(["file", "MB", "s", "of the processor, s", "grown by, MB"],
                               [[r["model"].replace("_", " "), number(r["megabytes"]), spread(r["seconds"]),
                                 spread(r["processorSeconds"]), number(r["residentMegabytes"])]
                                for r in p["rows"]["openings"]]))
if load("threads"):
    most, factors = scaling(load("threads"))
    sections.append(f"## Threads\n\nFrom 1 to {most} threads the generation is {spread(factors)} times as fast.\n")
body = "\n".join(sections)
if "--tables" in sys.argv:
    print("\n".join([body, targets(), far_targets()]))
    sys.exit()
dates = sorted({p["date"][:10] for p in map(load, ["cases", "growth", "threads", "authors", "peer-vanilla", "peer-authors"]) if p})
(root / "docs/performance.md").write_text(f"""# Performance

Measured by `Benchmarks/run` and `Benchmarks/peers/compare`, written by `Benchmarks/page.py`; nothing is typed.
{' and '.join(dates)}: {machine()}.

## Targets

{targets()}
{far_targets()}
{body}""")
