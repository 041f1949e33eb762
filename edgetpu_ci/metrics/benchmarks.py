"""What benchmarks, model files and devices measure: one line a metric."""

from typing import Final

from edgetpu_ci.model import Better, Metric

_CALM: Final = {
    "latency_p50_ms": "latency_p10_ms",
    "latency_p90_ms": "latency_p10_ms",
    "latency_p95_ms": "latency_p10_ms",
    "latency_p99_ms": "latency_p10_ms",
    "throughput_fps": "throughput_sustained_fps",
}


def _metric(
    name: str, unit: str, better: Better | None, meaning: str, *aliases: str, deterministic: bool = False
) -> Metric:
    return Metric(
        name=name,
        unit=unit,
        better=better,
        meaning=meaning,
        aliases=aliases,
        calm=_CALM.get(name, ""),
        deterministic=deterministic or better == "exact",
    )


def _states(name: str, meaning: str, *states: str) -> Metric:
    return Metric(name=name, better="lower", meaning=meaning, states=states)


METRICS: Final[tuple[Metric, ...]] = (
    # How fast: latencies are of one inference, after warm-up.
    _metric(
        "latency_p10_ms",
        "ms",
        "lower",
        "10th percentile of latency, the median over slots: disturbance only ever slows",
    ),
    _metric("latency_p50_ms", "ms", "lower", "median latency over all samples"),
    _metric("latency_p90_ms", "ms", "lower", "90th percentile of latency over all samples"),
    _metric("latency_p95_ms", "ms", "lower", "95th percentile of latency over all samples"),
    _metric(
        "latency_p99_ms", "ms", "lower", "99th percentile of latency over all samples; needs 662", "p99_latency_ms"
    ),
    _metric(
        "throughput_fps",
        "1/s",
        "higher",
        "completed inferences divided by the seconds they took",
        "average_throughput_fps",
    ),
    _metric("throughput_sustained_fps", "1/s", "higher", "1 / latency_p10_ms: what change rules read"),
    _metric("first_inference_ms", "ms", "lower", "the first inference after loading, median over slots"),
    _metric("model_load_ms", "ms", "lower", "constructing the interpreter and allocating tensors, median over slots"),
    _metric("cpu_time_p10_ms", "ms", "lower", "10th percentile of CPU time of one inference, the median over slots"),
    # The Edge TPU, as the host sees it: time in its operators is that of the transfers too.
    _metric(
        "delegate_open_ms", "ms", "lower", "loading libedgetpu and opening the Edge TPU through it, median over slots"
    ),
    _metric("time_to_ready_ms", "ms", "lower", "opening, loading and the first inference together, median over slots"),
    _metric("tpu_time_p10_ms", "ms", "lower", "10th percentile of the time in the TPU's operators, as latency_p10_ms"),
    _metric(
        "cpu_operators_p10_ms", "ms", "lower", "10th percentile of the rest: operators on the CPU, and the runtime"
    ),
    _metric("delegate_busy_fraction", "", None, "share of the inference time spent in the TPU's operators"),
    _metric("tpu_utilization_percent", "%", None, "the same in percent; what the host waits for, not the chip's load"),
    _metric("run_queue_wait_percent", "%", None, "share of the measured time spent waiting for a CPU"),
    _metric("cpu_clock_mhz", "MHz", None, "clock of the fastest core right after a slot, the median over slots"),
    _metric(
        "error_rate_percent",
        "%",
        "lower",
        "failed inferences of those attempted after warm-up",
        "error_rate",
        "benchmark_error_rate",
    ),
    _metric(
        "output_mismatch_percent",
        "%",
        "lower",
        "share of output elements that differ from the base's for the same inputs: integers at all, floats beyond "
        "0.01 % of the largest",
        deterministic=True,
    ),
    _metric(
        "accuracy_top1_percent",
        "%",
        "higher",
        "share of `examples` whose largest output is their label",
        deterministic=True,
    ),
    # How a compiled model answers and fails; docs/correctness.md.
    _metric(
        "output_steps_max",
        "steps",
        "lower",
        "largest difference of an output from the source model's on the CPU, in quantization steps",
        deterministic=True,
    ),
    _metric(
        "output_steps_mean",
        "steps",
        "lower",
        "mean difference of the outputs from the source model's on the CPU, in quantization steps",
        deterministic=True,
    ),
    _metric(
        "top1_agreement_percent",
        "%",
        "higher",
        "share of inputs whose largest output is where the source model on the CPU has its largest, to a step; may not "
        "fall by default",
        deterministic=True,
    ),
    _metric(
        "outputs_stuck",
        "",
        "lower",
        "outputs that do not move where the source model's on the CPU do; none by default",
        deterministic=True,
    ),
    _metric(
        "failures_per_million",
        "/M",
        "lower",
        "failed inferences of a million attempted, crashes and hangs counted as one; its interval ends at the exact "
        "upper 95 % bound",
    ),
    _metric("recovery_ms", "ms", "lower", "from a failure to the next inference that completed, at most; the median"),
    _metric("memory_peak_mb", "MB", "lower", "peak resident memory of the measuring process", "memory_usage_mb"),
    # Under other loads than one model back to back; docs/loads.md says what each answers.
    _metric("latency_alone_p10_ms", "ms", "lower", "latency_p10_ms of a model that has its process to itself"),
    _metric("latency_after_switch_p10_ms", "ms", "lower", "the same of each inference after one of the other model"),
    _metric("switch_cost_ms", "ms", None, "what a switch to the model adds: the second less the first, of each slot"),
    _metric("paced_latency_p50_ms", "ms", "lower", "median time from when a frame was due to its result"),
    _metric("paced_latency_p99_ms", "ms", "lower", "99th percentile of the same; needs 662 served frames"),
    _metric("paced_queue_p99_ms", "ms", "lower", "99th percentile of the part of it before the inference began"),
    _metric("paced_service_p50_ms", "ms", "lower", "median of the part of it that the inference took"),
    _metric("paced_dropped_percent", "%", "lower", "share of the frames that were dropped, or whose inference failed"),
    _metric("capacity_per_second", "1/s", "higher", "the highest rate of frames that meets the deadline"),
    _metric("cameras", "", "higher", "how many cameras of `camera_fps` that rate serves"),
    _metric("soak_minutes", "min", "higher", "how long one process went on inferring"),
    _metric("soak_p50_ms", "ms", "lower", "median over the windows of a soak of their median latency"),
    _metric("soak_p99_worst_ms", "ms", "lower", "the largest p99 of a window of a soak"),
    _metric("latency_drift_percent", "%", "lower", "by how much the windows' median latency rose from first to last"),
    _metric("memory_slope_mb_per_hour", "MB/h", "lower", "growth of the process's resident memory"),
    _metric("soak_error_rate_percent", "%", "lower", "failed inferences of all that a soak attempted"),
    _metric("hottest_celsius", "°C", "lower", "highest temperature at the end of a window of a soak"),
    _metric("throttle_trips", "", "lower", "how often a soak saw throttling begin"),
    _metric("usb_reenumerations", "", "lower", "how often a USB accelerator got a new number during a soak"),
    _metric("pcie_resets", "", "lower", "how often a PCIe accelerator was reset during a soak"),
    _metric("scaling_fps", "1/s", "higher", "inferences per second of several devices side by side"),
    _metric("scaling_efficiency_percent", "%", "higher", "scaling_fps against the first device's alone times devices"),
    _metric("pipeline_p50_ms", "ms", "lower", "median time of one frame through all segments, nothing else under way"),
    _metric("pipeline_interval_p50_ms", "ms", "lower", "median time between two results of a full pipeline"),
    _metric("whole_model_p50_ms", "ms", "lower", "median latency of the model that is not divided into segments"),
    _metric("imbalance", "", "lower", "the slowest of several devices or segments against their mean: 1 is balanced"),
    # What the model file is: facts, compared exactly.
    _metric("model_bytes", "B", "exact", "size of the model file"),
    _metric("macs_millions", "M", "exact", "multiply-accumulates of one inference, in millions"),
    _metric("ops", "", "exact", "operators in the model"),
    _metric("ops_on_cpu", "", "exact", "operators outside the Edge TPU in a compiled model; may not grow by default"),
    # What the Edge TPU compiler wrote into the model; docs/compiled-models.md explains it.
    _metric("ops_on_tpu", "", "exact", "operators of the source model that are not left on the CPU"),
    _metric("tpu_segments", "", "exact", "parts of the model that run on the Edge TPU without a break"),
    _metric("cached_parameter_bytes", "B", "exact", "parameters that are uploaded once and stay on the chip"),
    _metric("streamed_parameter_bytes", "B", "exact", "parameters that are uploaded at every inference"),
    _metric("on_chip_percent", "%", "exact", "cached parameters, as a share of the chip's 8 MiB"),
    _metric("dma_bytes", "B", "exact", "inputs and outputs that one inference moves to the Edge TPU and back"),
    _metric("minimum_runtime", "", "exact", "oldest version of the Edge TPU runtime that can run it"),
    _metric(
        "macs_on_tpu_millions", "M", "exact", "multiply-accumulates of the source model that are not left on the CPU"
    ),
    _metric(
        "switch_upload_bytes",
        "B",
        "exact",
        "cached parameters uploaded again when another model of `share_tpu` ran in between; may not grow by default",
    ),
    _metric("tops", "TOPS", "higher", "operations per second on the Edge TPU, two a MAC, at the sustained throughput"),
    _metric("tops_peak_percent", "%", "higher", "tops, as a share of the 4 TOPS that coral.ai names"),
    # How host and devices are: temperature, power, room. docs/health.md says where each is read.
    _metric("temperature_celsius", "°C", None, "the host's hottest thermal zone; of a model the highest while it ran"),
    _metric(
        "tpu_temperature_celsius",
        "°C",
        None,
        "the accelerator's own sensor, which USB accelerators have none of; of a model the highest while it ran",
    ),
    _states("thermal_state", "far from its first trip point, near it, or slowed down", "optimal", "warm", "throttled"),
    _states("device_status", "what the driver says of the accelerator", "ALIVE", "LAMED", "DEAD"),
    _metric("device_resets", "", None, "resets of the accelerator since its driver was loaded"),
    _metric("throttled_percent", "%", None, "share of the rounds in which something was slowed down by heat"),
    _metric("warm_start_percent", "%", None, "share of the rounds that began above `cool_below_celsius`"),
    _metric("cpu_use_percent", "%", None, "share of the host's CPU time that was used"),
    _metric("memory_free_percent", "%", "higher", "memory of the host that programs can still have"),
    _metric("disk_free_percent", "%", "higher", "free room where the repository lies", "disk_space"),
    _metric("power_watts", "W", "lower", "mean power while inferences were timed, as the named meter has it"),
    _metric("energy_per_inference_mj", "mJ", "lower", "energy of one inference, with what is drawn when idle"),
    _metric("inferences_per_second_per_watt", "1/s/W", "higher", "completed inferences for each joule of the meter's"),
    _metric(
        "power_efficiency_tops_per_watt",
        "TOPS/W",
        "higher",
        "operations on the TPU per second and watt, two for a MAC; only from a measured power",
        "power_efficiency",
    ),
    # What the result files of other tools hold; docs/results.md says which.
    _metric("time_ms", "ms", "lower", "time of one run of a benchmark"),
    _metric("cpu_time_ms", "ms", "lower", "CPU time of one run of a benchmark"),
    _metric("throughput_per_second", "1/s", "higher", "what a benchmark completes in a second: operations or items"),
    _metric("bandwidth_mb_per_second", "MB/s", "higher", "bytes a benchmark works on in a second, in millions"),
    _metric("allocated_bytes", "B", "lower", "memory allocated by one run of a benchmark"),
    _metric("allocations", "", "lower", "allocations by one run of a benchmark"),
)
