#include "harness/base/holdout_seed.hpp"

#include "harness/base/digest.hpp"

namespace tandem {

std::uint64_t holdout_seed(const std::string& weights_digest, const std::string& config_digest) {
  return leading_bits(sha256(weights_digest + config_digest + "holdout"));
}

std::uint64_t revalidation_seed(const std::string& weights_digest, const std::string& config_digest,
                                const std::string& nonce) {
  return leading_bits(sha256(weights_digest + config_digest + "nonce:" + nonce));
}

std::string coarse_digest(const std::string& problem_version) { return sha256("coarse " + problem_version); }

}  // namespace tandem
