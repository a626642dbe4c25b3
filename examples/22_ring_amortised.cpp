// A variational autoencoder learns where the chains of an energy should start, from where they end: eight Gaussians on a ring. Beside it, at
// the same number of steps, chains from noise and CoopNets, whose generator regresses on the latents it drew.
#include "support/ring.hpp"

namespace train = erg::train;
namespace latent = erg::latent;

int main() {
  const example::RingPlan plan{.n_steps = 900};
  const erg::random::Key key(3);
  std::vector<example::RingRow> rows;
  rows.push_back(example::train_ring("chains from noise", plan, train::Noise::gaussian(1.0), train::NoTeacher{}));
  const latent::GaussianDecoder generator(example::ring_decoder(), {.sigma = 0.3}, key);
  rows.push_back(example::train_ring("CoopNets: the latent that was drawn", plan, train::Ancestral{generator.snapshot()},
                                     train::RegressionTeacher(generator, {.learning_rate = 1e-3})));
  // [vae]
  const latent::Vae vae(example::ring_decoder(), example::ring_encoder(), {.sigma = 0.15}, key);
  const train::Ancestral starts{vae.snapshot(), latent::Decoding::sample};
  rows.push_back(example::train_ring("VAE: the latent is inferred", plan, starts, train::VariationalTeacher(vae, {.learning_rate = 1e-3})));
  // [vae]
  std::printf("%-38s %8s %6s %8s %9s   %8s %8s   %8s %8s  %6s\n", "starts and teacher", "KL", "modes", "weights", "chi^2", "drift.1", "drift", "virial", "of data", "s");
  for (const auto& r : rows) {
    std::printf("%-38s %8.4f %6d %8.4f %9.1f   %8.4f %8.4f   %8.3f %8.3f  %6.1f\n", r.name, r.kl, r.n_modes, r.variation, r.chi_squared, r.first.drift, r.last.drift,
                r.last.virial, r.last.data_virial, r.seconds);
  }
  std::printf("\nenergy, negatives and VAE on the way (K: divergences of the laws of x and z up to constants; shift: of moments in ten times the steps, in standard errors):\n%s",
              rows.back().log.c_str());
  const auto& g = rows.back().geometry;
  std::printf("\nof the VAE: log Z %.3f (%.3f) by %.0f effective draws of the model, %.3f by the grid; KL(model | energy) %.3f\n", g.log_z, g.log_z_error, g.ess,
              rows.back().report.log_z, g.k_qp);
  std::printf("-ELBO of negatives %.3f, of data %.3f, %.3f by importance weights (-log p of the data %.3f); %d units used\n", g.k_pq, g.k_piq, g.data_nll,
              rows.back().report.nll, g.active_units);
  example::Picture picture("out/examples/22_ring_amortised.png", 3, 3, 1200, 1200);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string id = std::to_string(i), range = "unset key; plot [-1.8:1.8][-1.8:1.8] ";
    const std::string dots = " using 1:2 with points pt 7 ps 0.25 lc rgb '";
    picture.data("density" + id, rows[i].report.density).data("starts" + id, rows[i].starts).data("negatives" + id, rows[i].negatives);
    picture.axes(std::string("density, ") + rows[i].name, "x_0", "x_1") << range + "$density" + id + " using 1:2:3 with image";
    picture.axes("where chains start", "x_0", "x_1") << range + "$starts" + id + dots + example::grey + "'";
    picture.axes("where 30 steps take them", "x_0", "x_1") << range + "$negatives" + id + dots + example::orange + "'";
  }
  picture.write();
  const auto& ours = rows.back();
  // By seed chi^2 is 10 to 35, of CoopNets 600 to 8000. Which of ours and chains from noise is nearer to the data is chance; untrained, KL is 1.8.
  return ours.n_modes == 8 && ours.chi_squared < 200.0 && ours.chi_squared < rows[1].chi_squared && ours.kl < 0.25 && ours.kl < rows[1].kl ? 0 : 1;
}
