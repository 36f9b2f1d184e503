// What a node does depends on the mode: statistics of the minibatch or running ones, a mask or none.
// RUN: bs-opt %s -p 'net-set-mode{training=true dropout=true}' | filecheck %s --check-prefix=TRAIN
// RUN: bs-opt %s -p 'net-set-mode{training=true}' | filecheck %s --check-prefix=RATE0
// RUN: bs-opt %s -p net-set-mode | filecheck %s --check-prefix=TEST

// TRAIN: net.state @generator.d : !net.t<[626], f32> {role = "random", of = "d"}
// TRAIN: %[[X:.*]] = net.input "x"
// TRAIN: %[[M:.*]] = net.read @mean : !net.t<[1 x 1 x 5], f32>
// TRAIN-NEXT: %[[R:.*]] = net.minus %[[X]], %[[M]] {late}
// TRAIN-NEXT: net.sum_to %[[R]] : !net.t<[1 x 1 x 5], f32>
// TRAIN: %y = net.normalise %[[X]], {{.*}} {node = "y"} : !net.t<[4 x 3 x 5], f32, @"*">
// TRAIN: net.write @mean
// TRAIN: net.write @variance
// TRAIN: net.write @count
// TRAIN: %[[G:.*]] = net.read @generator.d
// TRAIN-NEXT: %[[U:.*]] = net.uniform %[[G]] : !net.t<[4 x 3 x 5], f32, @"*">
// TRAIN-NEXT: %[[RATE:.*]] = net.read @hyper.dropout_rate
// TRAIN-NEXT: net.greater %[[U]], %[[RATE]]
// TRAIN: %e = net.splat 1.0 {node = "e"}

// RATE0: net.normalise
// RATE0-NOT: net.uniform
// RATE0: net.pass %y {node = "d"}

// TEST-NOT: net.write
// TEST: net.sqrt
// TEST: %y = net.plus %{{.*}}, %{{.*}} {node = "y"}
// TEST: net.pass %y {node = "d"}
// TEST: %e = net.splat 0.0 {node = "e"}
builtin.module {
  net.parameter @scale : !net.t<[5 x 1], f32> {init = "constant", value = 1.0}
  net.parameter @bias : !net.t<[5 x 1], f32> {init = "constant", value = 0.0}
  net.parameter @mean : !net.t<[5 x 1], f32> {init = "constant", value = 0.0, learning_rate_multiplier = 0.0}
  net.parameter @variance : !net.t<[5 x 1], f32> {init = "constant", value = 0.0, learning_rate_multiplier = 0.0}
  net.parameter @count : !net.t<[1], f32> {init = "constant", value = 0.0, learning_rate_multiplier = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[4 x 3 x 5], f32, @"*">
    %s = net.read @scale : !net.t<[5 x 1], f32>
    %b = net.read @bias : !net.t<[5 x 1], f32>
    %m = net.read @mean : !net.t<[5 x 1], f32>
    %v = net.read @variance : !net.t<[5 x 1], f32>
    %n = net.read @count : !net.t<[1], f32>
    %y = net.batch_normalization %x, %s, %b, %m, %v, %n {node = "y", spatial = true, time_constant = 100.0} : !net.t<[4 x 3 x 5], f32, @"*">
    %d = net.dropout %y {node = "d"} : !net.t<[4 x 3 x 5], f32, @"*">
    %e = net.environment {node = "e"} : !net.t<[1], f32>
    %z = net.plus %d, %e {node = "z"} : !net.t<[4 x 3 x 5], f32, @"*">
    net.roots output(%z)
  }
}
