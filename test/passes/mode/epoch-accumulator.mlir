// A mean over an epoch keeps itself and its samples; of an evaluation it replaces the value before.
// RUN: bs-opt %s -p net-set-mode | filecheck %s
// RUN: bs-opt %s -p 'net-set-mode{training=true},net-update' | filecheck %s --check-prefix=SUM
// RUN: not bs-opt %s -p 'net-set-mode,net-select{mode=train criterion=m},net-gradient' 2>&1 | filecheck %s --check-prefix=TRAIN

// CHECK: net.state @accumulated.count.m : !net.t<[1], f32> {role = "accumulated", of = "m"}
// CHECK: net.state @accumulated.m : !net.t<[3], f32> {role = "accumulated", of = "m"}
// CHECK: %[[COUNT:.*]] = net.read @accumulated.count.m
// CHECK: %[[SAMPLES:.*]] = net.sum_to %{{.*}} : !net.t<[1], f32>
// CHECK: %[[MEAN:.*]] = net.read @accumulated.m
// CHECK-NEXT: %m = net.running_mean %z, %[[MEAN]], %[[COUNT]], %[[SAMPLES]] {node = "m"} : !net.t<[3], f32>
// CHECK-NEXT: net.write @accumulated.m, %m
// CHECK-NEXT: %[[NEW:.*]] = net.plus %[[COUNT]], %[[SAMPLES]]
// CHECK-NEXT: net.write @accumulated.count.m, %[[NEW]]

// SUM: %[[ALL:.*]] = net.sum_elements %m
// SUM-DAG: net.accumulate @criterion.c, %c
// SUM-DAG: net.write @criterion.m, %[[ALL]]

// TRAIN: 'm' cannot be trained through: EpochAccumulator has no gradient
builtin.module {
  net.parameter @w : !net.t<[3], f32> {init = "constant", value = 1.0}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %w = net.read @w : !net.t<[3], f32>
    %z = net.element_times %w, %x {node = "z"} : !net.t<[3], f32, @"*">
    %m = net.epoch_accumulator %z {node = "m"} : !net.t<[3], f32>
    %c = net.sum_elements %z {node = "c"} : !net.t<[1], f32>
    net.roots criterion(%c), evaluation(%m)
  }
}
