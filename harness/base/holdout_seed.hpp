// Where the seeds of hold-outs come from (docs/method.md, sections 4.2 and 6): from digests, so that anybody can derive
// them again, and nobody can know a hold-out before its weights (and, revalidating, the nonce) exist.
#pragma once

#include <cstdint>
#include <string>

namespace tandem {

// First 8 bytes of SHA-256(digest of the weights | digest of the configuration | "holdout").
std::uint64_t holdout_seed(const std::string& weights_digest, const std::string& config_digest);

// The same with "nonce:" and the nonce for "holdout": a hold-out that nobody could know before the nonce was picked.
std::uint64_t revalidation_seed(const std::string& weights_digest, const std::string& config_digest,
                                const std::string& nonce);

// In the place of the weights' digest for the coarse method of the simulation-only arm, which has none.
std::string coarse_digest(const std::string& problem_version);

}  // namespace tandem
