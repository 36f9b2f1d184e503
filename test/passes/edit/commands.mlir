// Each editing command is a pass: the same network after one of them, or after several.
// RUN: bs-opt %s -p 'net-rename{old="h*" new="low*"}' | filecheck %s --check-prefix RENAME
// RUN: bs-opt %s -p 'net-set-property{node="h1" property="learningRateMultiplier" value="0" tree=true}' | filecheck %s --check-prefix FREEZE
// RUN: bs-opt %s -p 'net-set-property{node="h2" property="output" value="true"},net-set-property{node="e" property="criterion" value="false"}' | filecheck %s --check-prefix GROUPS
// RUN: bs-opt %s -p 'net-copy{node="h2" to="top"},net-set-input{node="e" index=1 input="top"},net-remove{node="h2"}' | filecheck %s --check-prefix REWIRE
// RUN: bs-opt %s -p 'net-remove{node="h2"}' | filecheck %s --check-prefix REMOVED
// RUN: bs-opt %s -p 'net-copy{node="h1" to="L." tree=true}' | filecheck %s --check-prefix TREE
// RUN: bs-opt %s -p 'net-factorise{node="W" rank=2}' | filecheck %s --check-prefix THIN
// RENAME: net.times %W, %x {node = "low1"}
// RENAME-NEXT: net.tanh %{{.*}} {node = "low2"}
// FREEZE: net.parameter @V : !net.t<[4], f32> {init = "uniform", seed = 2}
// FREEZE: net.parameter @W : {{.*}} learning_rate_multiplier = 0.0
// GROUPS: net.roots feature(%x), output(%h2)
// REWIRE: %[[TOP:.*]] = net.tanh %h1 {node = "top"}
// REWIRE-NEXT: net.square_error %y, %[[TOP]] {node = "e"}
// REMOVED: %[[GONE:.*]] = net.removed {node = "h2"}
// REMOVED: net.square_error %y, %[[GONE]] {node = "e"}
// TREE: net.parameter @L.W
// TREE: net.times %{{.*}}, %{{.*}} {node = "L.h1"}
// THIN: net.parameter @W_U : !net.t<[4 x 2], f32>
// THIN: net.parameter @W_V : !net.t<[2 x 3], f32>
// THIN: %[[IN:.*]] = net.times %{{.*}}, %x {node = "h1"} : !net.t<[2], f32, @"*">
// THIN: net.times %{{.*}}, %[[IN]] {node = "W_SVD"} : !net.t<[4], f32, @"*">
net.parameter @V : !net.t<[4], f32> {init = "uniform", seed = 2}
net.parameter @W : !net.t<[4 x 3], f32> {init = "uniform", seed = 1}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %y = net.input "y" : !net.t<[4], f32, @"*">
  %V = net.read @V : !net.t<[4], f32>
  %W = net.read @W : !net.t<[4 x 3], f32>
  %h1 = net.times %W, %x {node = "h1"} : !net.t<[4], f32, @"*">
  %h2 = net.tanh %h1 {node = "h2"} : !net.t<[4], f32, @"*">
  %e = net.square_error %y, %h2 {node = "e"} : !net.t<[1], f32>
  net.roots feature(%x), criterion(%e)
}
