// Gradients of pooling: windows side by side write their elements, the rest of the kernel included;
// where windows overlap, winners are kept first and every element then looks at its windows.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK-LABEL: kern.func @tiles
// CHECK: kern.load_rows %{{.*}} stride 2 :
// CHECK: kern.load_rows
// CHECK: kern.load_rows
// CHECK: %[[PART:.*]] = kern.choose oeq
// CHECK: %[[RELU:.*]] = kern.choose une %{{.*}}, %{{.*}}, %[[PART]]
// CHECK: kern.store_rows %{{.*}} stride 2 from
sched.kernel @tiles convolution(%g : !net.t<[16 x 16], f32, @"*">, %x : !net.t<[32 x 32], f32, @"*">) -> (!net.t<[32 x 32], f32, @"*">) {
  %b = net.pool_back %g, %x {input = [32, 32], windows = [16, 16], extent = [2, 2], stride = [2, 2], low = [0, 0], kind = "max"} : !net.t<[32 x 32], f32, @"*">
  %zero = net.splat 0.0 : !net.t<[1], f32>
  %c = net.greater %x, %zero : !net.t<[32 x 32], f32, @"*">
  %r = net.select %c, %b, %zero : !net.t<[32 x 32], f32, @"*">
  sched.yield %r : !net.t<[32 x 32], f32, @"*">
}

// CHECK-LABEL: kern.func @overlapping
// CHECK: scf.for %plane
// CHECK: kern.choose ogt
// CHECK: kern.store %{{.*}}, %[[GRADIENTS:.*]][%[[AT:.*]]] : vector<16xf32>
// CHECK-NEXT: kern.store %{{.*}}, %[[WINNERS:.*]][%[[AT]]] : vector<16xf32>
// CHECK: scf.for %q
// CHECK: %[[PART:.*]] = kern.load %[[GRADIENTS]]
// CHECK-NEXT: %[[WINNER:.*]] = kern.load %[[WINNERS]]
// CHECK: kern.choose oeq %[[WINNER]], %{{.*}}, %[[PART]]
sched.kernel @overlapping convolution(%g : !net.t<[16], f32, @"*">, %x : !net.t<[16], f32, @"*">) -> (!net.t<[16], f32, @"*">) {
  %b = net.pool_back %g, %x {input = [16], windows = [16], extent = [3], stride = [1], low = [1], kind = "max"} : !net.t<[16], f32, @"*">
  sched.yield %b : !net.t<[16], f32, @"*">
}
