// The criterion over classes makes the scores of the words of a class alone, forward and back.
// RUN: bs-opt %s -p net-gradient,net-decompose | filecheck %s

net.parameter @W : !net.t<[200 x 10000], f32> {init = "uniform", seed = 1}
net.parameter @C : !net.t<[100 x 200], f32> {init = "uniform", seed = 2}

net.network {
  %label = net.input "label" : !net.t<[4], f32, @"*">
  %h = net.input "h" : !net.t<[200], f32, @"*">
  %w = net.read @W : !net.t<[200 x 10000], f32>
  %c = net.read @C : !net.t<[100 x 200], f32>
  %z = net.times %c, %h : !net.t<[100], f32, @"*">
  // CHECK: %[[S:.*]] = net.class_scores %w, %h, %label : !net.t<[10000], f32, @"*">
  // CHECK: net.class_log %[[S]], %label : !net.t<[1], f32, @"*">
  // CHECK: %[[G:.*]] = net.class_slope %{{.*}}, %label : !net.t<[10000], f32, @"*">
  // CHECK: net.class_gradient %{{.*}}, %[[G]], %label : !net.t<[200 x 10000], f32>
  // CHECK-NOT: @W{{.*}}net.softmax
  %ce = net.class_based_cross_entropy_with_softmax %label, %h, %w, %z {node = "ce"} : !net.t<[1], f32>
  net.roots feature(%h), label(%label), criterion(%ce)
}
