// Noise-contrastive estimation looks at the words of a sample alone, not at the whole vocabulary.
// RUN: bs-opt %s -p net-decompose | filecheck %s

net.parameter @E : !net.t<[200 x 50000], f32> {init = "uniform", seed = 1}
net.parameter @b : !net.t<[50000], f32> {init = "uniform", seed = 2}

net.network {
  %label = net.input "label" : !net.t<[22], f32, @"*">
  %h = net.input "h" : !net.t<[200], f32, @"*">
  %e = net.read @E : !net.t<[200 x 50000], f32>
  %b = net.read @b : !net.t<[50000], f32>
  // CHECK: %[[WORDS:.*]] = net.slice %{{.*}} : !net.t<[1 x 11], f32, @"*">
  // CHECK: net.word_scores %e, %h, %[[WORDS]] : !net.t<[1 x 11], f32, @"*">
  // CHECK: net.word_scores %{{.*}}, %{{.*}}, %[[WORDS]] : !net.t<[1 x 11], f32, @"*">
  // CHECK-NOT: !net.t<[50000], f32, @"*">
  %nce = net.noise_contrastive %label, %h, %e, %b {node = "nce"} : !net.t<[1], f32>
  net.roots feature(%h), label(%label), criterion(%nce)
}
