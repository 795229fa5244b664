# One pass of a kernel of the learning family in PyTorch, at the settings of a worker's job: seconds of each variant.
#   learning.py job.json threads [variant ...]        prints "variant seconds", the median over 0.7 s of steps
# learning/conv: forward, and backward from a given gradient to the inputs and all parameters. learning/train_step:
# forward, squared error, backward, AdamW in its fused form. bf16 is autocast over fp32 parameters.
import json, os, statistics, sys, time

threads = sys.argv[2]
os.environ["OMP_NUM_THREADS"] = threads
import torch  # reads the environment
from torch import nn

torch.set_num_threads(int(threads))
torch.manual_seed(1)
case = json.load(open(sys.argv[1]))["case"]
settings = case["settings"]
batch = int(settings["batch"])
autocast = lambda: torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings["precision"] == "bf16")


def stack(widths, layer, activation):
    layers = []
    for wide, next_wide in zip(widths, widths[1:]):
        layers += [layer(wide, next_wide), activation()]
    return nn.Sequential(*layers[:-1])


def conv(compiled, memory_format):
    height, width = map(int, settings["image"].split("x"))
    channels = list(map(int, settings["channels"].split("-")))
    size, stride = int(settings["filter"]), int(settings["stride"])
    model = stack(channels, lambda a, b: nn.Conv2d(a, b, size, stride, padding=(size - 1) // 2), nn.ReLU)
    model = model.to(memory_format=memory_format)
    x = torch.rand(batch, channels[0], height, width).to(memory_format=memory_format).requires_grad_()
    with torch.no_grad():
        dy = torch.rand_like(model(x))
    run = torch.compile(model) if compiled else model

    def step():
        x.grad = None
        model.zero_grad(set_to_none=True)
        with autocast():
            y = run(x)
        y.backward(dy.to(y.dtype))

    return step


def train_step(compiled, memory_format):
    layers = list(map(int, settings["layers"].split("-")))
    model = stack(layers, nn.Linear, lambda: nn.GELU(approximate="tanh"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.01, fused=True)
    x, target = torch.rand(batch, layers[0]), torch.rand(batch, layers[-1])

    def loss_of(x, target):
        with autocast():
            y = model(x)
        return (y.float() - target).square().sum() / batch

    run = torch.compile(loss_of) if compiled else loss_of

    def step():
        optimizer.zero_grad(set_to_none=True)
        run(x, target).backward()
        optimizer.step()

    return step


def seconds(step):
    for _ in range(5):
        step()
    times, end = [], time.perf_counter() + 0.7
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


make, formats = {
    "learning/conv": (conv, {"": torch.contiguous_format, " channels_last": torch.channels_last}),
    "learning/train_step": (train_step, {"": torch.contiguous_format}),
}[case["name"]]
for compiled in (False, True):
    for suffix, memory_format in formats.items():
        name = ("compile" if compiled else "eager") + suffix
        if len(sys.argv) > 3 and name not in sys.argv[3:]:
            continue
        print(f"{name}: {seconds(make(compiled, memory_format)):.9e}", flush=True)
