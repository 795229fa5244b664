// One training step of a multilayer perceptron on a device: forward, squared error, backward, AdamW; nothing leaves the
// device, the loss included. Products by the vendor's library; between two of them everything elementwise is one sweep
// that also adds up columns (bias gradients, loss), in an order that does not depend on the device. Ranks train on
// their own rows and add their gradients up (device_allreduce.hpp). Judged on the host (train_case.hpp).
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_graph.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/learning/adamw_device.hpp"
#include "kernels/learning/column_sums.hpp"
#include "kernels/learning/train_case.hpp"
#include "kernels/network/device_allreduce.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 128;

// GELU in its tanh form, a = z sigmoid(u) (elementwise.hpp has the formula and its source), and its slope.
GPU_FUNCTION float gelu_of(float z, float& slope) {
  const float square = z * z;
  const float u = 1.5957691216f * z * (1.0f + 0.044715f * square);
  const float sigmoid = 1.0f / (1.0f + expf(-u));
  slope = sigmoid + z * sigmoid * (1.0f - sigmoid) * 1.5957691216f * (1.0f + 0.134145f * square);
  return z * sigmoid;
}

// a = gelu(z + bias), z = its slope.
template <typename T>
GPU_KERNEL void activate(float* z, const float* bias, T* a, std::size_t columns, std::size_t count) {
  const std::size_t i = grid_index();
  if (i >= count) return;
  float slope = 0;
  put(a[i], gelu_of(z[i] + bias[i % columns], slope));
  z[i] = slope;
}

// error = d loss / d output and its column sums, and of each column the loss over `weight`. Thread (block of rows,
// column), as in column_sums.hpp.
template <typename T>
GPU_KERNEL void squared_error(const float* output, const float* target, float weight, T* error, float* sums,
                              float* losses, std::size_t rows, std::size_t columns) {
  const std::size_t at = grid_index(), block = at / columns, column = at % columns;
  if (block * rows_of_block >= rows) return;
  const std::size_t end = (block + 1) * rows_of_block < rows ? (block + 1) * rows_of_block : rows;
  float sum = 0, loss = 0;
  for (std::size_t row = block * rows_of_block; row < end; ++row) {
    const float difference = output[row * columns + column] - target[row * columns + column];
    const float value = 2.0f * weight * difference;
    loss += difference * difference;
    sum += value;
    put(error[row * columns + column], value);
  }
  sums[at] = sum;
  losses[at] = loss;
}

// to = error * slope and its column sums; in fp32 `to` is `error`.
template <typename T>
GPU_KERNEL void scale(const float* error, const float* slope, T* to, float* sums, std::size_t rows,
                      std::size_t columns) {
  const std::size_t at = grid_index(), block = at / columns, column = at % columns;
  if (block * rows_of_block >= rows) return;
  const std::size_t end = (block + 1) * rows_of_block < rows ? (block + 1) * rows_of_block : rows;
  float sum = 0;
  for (std::size_t row = block * rows_of_block; row < end; ++row) {
    const float value = error[row * columns + column] * slope[row * columns + column];
    sum += value;
    put(to[row * columns + column], value);
  }
  sums[at] = sum;
}

SumBy sum_by(const Settings& settings) {
  const std::string& sum = settings.text("sum");
  check_usage(sum == "auto" || sum == "library" || sum == "staged", "sum = \"{}\" is none of auto, library, staged",
              sum);
  if (sum == "auto") return SumBy::any;
  return sum == "library" ? SumBy::library : SumBy::staged;
}

bool graph_of(const Settings& settings) {
  const std::string& graph = settings.text("graph");
  check_usage(graph == "on" || graph == "off", "graph = \"{}\" is neither on nor off", graph);
  return graph == "on";
}

// T: float, or std::uint16_t for the bits of bf16; what products take.
template <typename T>
class TrainStep final : public Kernel {
 public:
  TrainStep(const Settings& settings, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(settings, context),
        n_(case_.shape().parameters()),
        inputs_(case_.batch() * case_.shape().layers.front()),
        targets_(case_.targets().size()),
        state_(3 * n_),
        before_(3 * n_),
        rounded_(rounds ? n_ : 0),
        losses_(blocks_of_rows(case_.batch()) * case_.shape().layers.back()),
        loss_of_columns_(case_.shape().layers.back()),
        gradients_(n_),
        adamw_(TrainCase::rate) {
    bind();
    if (context.ranks.size() > 1) sum_ = std::make_unique<DeviceAllreduce<float>>(context.ranks, sum_by(settings), n_);
    prepare(Data::random);  // zeros would run faster than what is timed
    for (Layer& layer : layers_) {
      choose_way(context.ranks, *layer.forward, [&] { start_forward(layer); });
      choose_way(context.ranks, *layer.weights, [&] { start_weights(layer); });
      if (layer.back) choose_way(context.ranks, *layer.back, [&] { start_back(layer); });
    }
    if (graph_of(settings)) record();
  }

  void prepare(Data data) override {
    case_.prepare(data);
    Buffer<T> inputs(inputs_.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = rounded_if(case_.inputs()[i]);
    inputs_.upload(inputs);
    targets_.upload(case_.targets());
    Mlp mlp(case_.shape(), case_.precision());
    mlp.initialise(case_.seed());
    Buffer<float> state(3 * n_);  // moments of zero
    std::copy(mlp.parameters().begin(), mlp.parameters().end(), state.begin());
    state_.upload(state);
    Buffer<std::uint16_t> bits(rounded_.size());
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = mlp.rounded()[i].bits;
    if (bits.size() > 0) rounded_.upload(bits);
    steps_ = 0;
    adamw_.restart();
    keep();
  }

  bool keep() override {
    start_copy(before_.data(), state_.data(), 3 * n_ * sizeof(float));
    return true;
  }

  void run() override {
    ++steps_;
    if (graph_)
      graph_->replay();
    else
      start_step();
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    Buffer<float> state(3 * n_), before(3 * n_), losses(loss_of_columns_.size());
    state_.download(state);
    before_.download(before);
    loss_of_columns_.download(losses);
    Buffer<std::uint16_t> bits(rounded_.size());
    if (bits.size() > 0) rounded_.download(bits);
    std::vector<Bf16> rounded(bits.size());
    for (std::size_t i = 0; i < rounded.size(); ++i) rounded[i].bits = bits[i];
    const auto part = [&](Buffer<float>& of, std::size_t i) { return std::span<float>(of.data() + i * n_, n_); };
    const std::span<const float> gradients(gradients_.fetch().data(), n_);
    const double loss = case_.row_weight() * std::accumulate(losses.begin(), losses.end(), 0.0);
    const double update =
        adamw_error({gradients, part(state, 0), rounded}, {part(state, 0), part(state, 1), part(state, 2)},
                    {part(before, 0), part(before, 1), part(before, 2)}, {}, TrainCase::rate, steps_);
    return case_.judge(gradients, part(before, 0), loss, update);
  }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.notes["device"] = device_.name;
    facts.notes["library"] = layers_.back().forward->library();
    facts.notes["graph"] = graph_note_;
    if (sum_) facts.notes["sum"] = sum_->how();
    return facts;
  }

  Output output() override {
    Buffer<float>& gradients = gradients_.fetch();
    return {gradients.data(), gradients.size(), Output::Type::fp32, [this] { gradients_.put(); }};
  }

 private:
  static constexpr bool rounds = sizeof(T) == 2;
  static T rounded_if(float value) {
    if constexpr (!rounds) return value;
    Bf16 rounded;
    store(rounded, value);
    return static_cast<T>(rounded.bits);
  }

  // Of the layer from a [batch, in] to z [batch, out].
  struct Layer {
    std::size_t in = 0, out = 0, weights_at = 0, biases_at = 0;
    DeviceBuffer<float> z;       // sum before the activation, then its slope; of the last layer the output
    DeviceBuffer<float> error;   // d loss / d a of hidden layers
    DeviceBuffer<T> a;           // activation
    DeviceBuffer<T> error_of_z;  // d loss / d z
    DeviceBuffer<float> partial;
    std::unique_ptr<Product> forward, weights, back;
  };

  void bind() {
    const MlpShape& shape = case_.shape();
    const std::size_t batch = case_.batch();
    std::vector<std::size_t> offsets;
    for (std::size_t l = 0; l < shape.depth(); ++l)
      for (const std::size_t bytes : {sizeof(T), sizeof(float)}) offsets.push_back(shape.weights_at(l) * bytes);
    ProductFormat format;
    format.a = format.b = rounds ? Element::bf16 : Element::fp32;
    format.alignment = alignment_of(offsets);
    for (std::size_t l = 0; l < shape.depth(); ++l) {
      const bool last = l + 1 == shape.depth();
      const std::size_t in = shape.layers[l], out = shape.layers[l + 1], count = batch * out;
      Layer layer;
      layer.in = in;
      layer.out = out;
      layer.weights_at = shape.weights_at(l);
      layer.biases_at = shape.biases_at(l);
      layer.z = DeviceBuffer<float>(count);
      layer.error = DeviceBuffer<float>(last ? 0 : count);
      layer.a = DeviceBuffer<T>(last ? 0 : count);
      layer.error_of_z = DeviceBuffer<T>(count);
      layer.partial = DeviceBuffer<float>(blocks_of_rows(batch) * out);
      ProductFormat forward = format, weights = format, back = format;
      forward.bias = last;
      weights.a_transposed = true;
      back.b_transposed = true;
      layer.forward = std::make_unique<Product>(MatmulShape{batch, out, in}, forward);
      layer.weights = std::make_unique<Product>(MatmulShape{in, out, batch}, weights);
      if (l > 0) layer.back = std::make_unique<Product>(MatmulShape{batch, in, out}, back);
      layers_.push_back(std::move(layer));
    }
  }

  void record() {
    if (sum_ && sum_->host_waits()) {
      graph_note_ = "off: the host takes part in the sum";
      return;
    }
    start_step();
    GPU_VENDOR::finish();
    graph_ = std::make_unique<DeviceGraph>();
    graph_->record([this] { start_step(); });
    graph_note_ = "on";
  }

  void start_step() {
    for (Layer& layer : layers_) {
      start_forward(layer);
      if (&layer != &layers_.back()) start_activation(layer);
    }
    start_loss();
    for (std::size_t l = layers_.size(); l-- > 0;) {
      if (l + 1 < layers_.size()) start_scaling(layers_[l]);
      start_weights(layers_[l]);
      if (layers_[l].back) start_back(layers_[l]);
    }
    if (sum_) sum_->start(gradients_.device(), gradients_.device());
    adamw_.start(state_.data(), gradients_.device(), rounded_.data(), n_);
  }

  const T* weights(const Layer& layer) {
    if constexpr (rounds)
      return rounded_.data() + layer.weights_at;
    else
      return state_.data() + layer.weights_at;
  }
  const float* biases(const Layer& layer) { return state_.data() + layer.biases_at; }
  const T* source(const Layer& layer) { return &layer == layers_.data() ? inputs_.data() : (&layer)[-1].a.data(); }

  void start_forward(Layer& layer) {
    const bool last = &layer == &layers_.back();
    layer.forward->start(source(layer), weights(layer), layer.z.data(), last ? biases(layer) : nullptr);
  }

  void start_activation(Layer& layer) {
    const std::size_t count = case_.batch() * layer.out;
    launch(activate<T>, blocks_for(count, threads), threads, layer.z.data(), biases(layer), layer.a.data(), layer.out,
           count);
  }

  void start_loss() {
    Layer& layer = layers_.back();
    const std::size_t batch = case_.batch(), blocks = blocks_of_rows(batch);
    launch(squared_error<T>, blocks_for(blocks * layer.out, threads), threads,
           static_cast<const float*>(layer.z.data()), static_cast<const float*>(targets_.data()),
           static_cast<float>(case_.row_weight()), layer.error_of_z.data(), layer.partial.data(), losses_.data(), batch,
           layer.out);
    add_blocks(layer.partial.data(), gradients_.device() + layer.biases_at, blocks, layer.out);
    add_blocks(losses_.data(), loss_of_columns_.data(), blocks, layer.out);
  }

  void start_scaling(Layer& layer) {
    const std::size_t batch = case_.batch(), blocks = blocks_of_rows(batch);
    launch(scale<T>, blocks_for(blocks * layer.out, threads), threads, static_cast<const float*>(layer.error.data()),
           static_cast<const float*>(layer.z.data()), layer.error_of_z.data(), layer.partial.data(), batch, layer.out);
    add_blocks(layer.partial.data(), gradients_.device() + layer.biases_at, blocks, layer.out);
  }

  void start_weights(Layer& layer) {
    layer.weights->start(source(layer), layer.error_of_z.data(), gradients_.device() + layer.weights_at);
  }

  void start_back(Layer& layer) {
    layer.back->start(layer.error_of_z.data(), weights(layer), (&layer)[-1].error.data());
  }

  const GpuDevice& device_;
  TrainCase case_;
  std::size_t n_;
  DeviceBuffer<T> inputs_;
  DeviceBuffer<float> targets_, state_, before_;
  DeviceBuffer<std::uint16_t> rounded_;
  DeviceBuffer<float> losses_, loss_of_columns_;
  DeviceResult<float> gradients_;
  AdamWSteps adamw_;
  std::unique_ptr<DeviceAllreduce<float>> sum_;  // of several ranks' gradients
  std::unique_ptr<DeviceGraph> graph_;           // of a step
  std::string graph_note_ = "off";
  std::vector<Layer> layers_;
  std::size_t steps_ = 0;
};

}  // namespace

KernelEntry learning_train_step() {
  KernelEntry entry = train_entry(" on the device");
  entry.parameters.push_back(
      {"sum", "auto",
       "of several ranks' gradients: library (NCCL, RCCL), staged (MPI through the host's memory), "
       "or auto: the first where there is one",
       false});
  entry.parameters.push_back({"graph", "on", "a step is recorded once and replayed: on or off", false});
  entry.memory = [of_case = entry.memory](const Settings& settings, const Placement& placement) {
    sum_by(settings);
    graph_of(settings);
    return of_case(settings, placement);
  };
  entry.collective = true;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (settings.text("precision") == "bf16") return std::make_unique<TrainStep<std::uint16_t>>(settings, context);
    return std::make_unique<TrainStep<float>>(settings, context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
