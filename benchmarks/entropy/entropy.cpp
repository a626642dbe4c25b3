// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The figures of entropies: nearest neighbours against PyTorch's distances, SciPy's and nanoflann's k-d trees (benchmarks/peers/entropy.py),
// and what an entropy with its gradient costs above the search.
#include <erg/entropy/knn.hpp>
#include <erg/random/normal.hpp>

#include <algorithm>
#include <memory>

#include "support/peer.hpp"
#include "tree.hpp"

namespace bench {
namespace {

using namespace erg;

struct Cloud {
  Cloud(int n_points, int n_dim, std::uint64_t seed) : n(n_points), dim(n_dim), values(static_cast<std::size_t>(n_points) * static_cast<std::size_t>(n_dim)) {
    for (int d = 0; d < dim; ++d) {
      for (int i = 0; i < n; ++i) {
        values[static_cast<std::size_t>(d) * static_cast<std::size_t>(n) + static_cast<std::size_t>(i)] =
            random::normal<float>(random::Key(seed), static_cast<std::uint32_t>(i), d);
      }
    }
  }
  BlockView<const float> view() const { return {values.data(), n, dim, n}; }
  int n, dim;
  std::vector<float> values;
};

struct Case {
  int n, m, dim;
  double aim_torch, aim_tree;  // 0: publish
};

std::string name(const Case& c) {
  return std::string("4 nearest of ").append(std::to_string(c.m)).append(" to ").append(std::to_string(c.n)).append(", dim ").append(std::to_string(c.dim));
}

template <class Search>
Work searches(const Case& c) {
  struct Both {
    Cloud x, y;
  };
  const auto both = std::make_shared<Both>(Both{Cloud(c.n, c.dim, 1), Cloud(c.m, c.dim, 2)});
  return [both](std::size_t n) {
    for (; n > 0; --n) {
      const auto found = Search{}(both->x.view(), both->y.view(), 4);
      asm volatile("" ::"r"(found.index.data()) : "memory");
    }
  };
}

Measurement against_tree(const Case& c, bool build_too) {
  const Cloud x(c.n, c.dim, 1), y(c.m, c.dim, 2);
  const Work tree = tree_searches(x.values, c.n, y.values, c.m, c.dim, 4, build_too);
  if (!tree) return unmeasured("no nanoflann.hpp here (apt install libnanoflann-dev)");
  return compare(searches<entropy::BruteForce<>>(c), tree, c.n);
}

void add(const Case& c) {
  const std::string arguments = std::to_string(c.n).append(1, ' ').append(std::to_string(c.m)).append(1, ' ').append(std::to_string(c.dim)).append(" 4");
  add_figure({name(c), "PyTorch cdist and topk, one thread", "ns a search", Aim::at_least, c.aim_torch,
              [=] { return against_torch("entropy.py", std::string("torch ").append(arguments), searches<entropy::BruteForce<>>(c)); }});
  if (c.dim > 20) return;  // a tree looks at every point there, slowly
  add_figure({name(c), "nanoflann, built and asked", "ns a query", c.aim_tree > 0.0 ? Aim::at_least : Aim::publish, c.aim_tree,
              [=] { return against_tree(c, true); }});
  add_figure({name(c), "nanoflann, asked only", "ns a query", Aim::publish, 0.0, [=] { return against_tree(c, false); }});
  add_figure({name(c), "SciPy cKDTree, built and asked", "ns a search", c.aim_tree > 0.0 ? Aim::at_least : Aim::publish, c.aim_tree, [=] {
                Measurement m = against_torch("entropy.py", std::string("scipy ").append(arguments), searches<entropy::BruteForce<>>(c));
                if (!m.unmeasured.empty()) m.unmeasured = "python3 has no SciPy here";
                return m;
              }});
}

/// Entropy with gradient and error bar of n points against the search alone.
void add_entropy(int n, int dim) {
  add_figure({std::string("entropy, gradient and error of ").append(std::to_string(n)).append(" points, dim ").append(std::to_string(dim)),
              "the search alone", "ns a point", Aim::publish, 0.0, [=] {
                const auto x = std::make_shared<Cloud>(n, dim, 1);
                const auto g = std::make_shared<std::vector<float>>(x->values.size());
                const Work ours = [=](std::size_t k) {
                  for (; k > 0; --k) {
                    const auto e = entropy::Knn<>{}(x->view(), {g->data(), n, dim, n});
                    asm volatile("" ::"r"(&e) : "memory");
                  }
                };
                const Work search = [=](std::size_t k) {
                  for (; k > 0; --k) {
                    const auto found = entropy::Neighbours{}(x->view(), x->view(), 4, entropy::Sets::one);
                    asm volatile("" ::"r"(found.index.data()) : "memory");
                  }
                };
                return compare(ours, search, n);
              }});
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  add({1000, 10000, 2, 15.0, 1.0});
  add({1000, 10000, 16, 3.0, 0.0});
  add({1000, 10000, 784, 0.95, 0.0});
  for (const int dim : {2, 3, 4, 6, 8}) {  // the crossover
    for (const int m : {1000, 10000, 100000}) {
      const Case c{std::min(m, 10000), m, dim, 0.0, 0.0};
      add_figure({name(c), "nanoflann, built and asked", "ns a query", Aim::publish, 0.0, [=] { return against_tree(c, true); }});
    }
  }
  add_entropy(1000, 2);
  add_entropy(1000, 16);
  return run_figures(argc, argv);
}
