// Each mode keeps its roots and what they need; statistics become state except where they are made.
// RUN: bs-opt %s -p 'net-select{mode=train}' | filecheck %s --check-prefix=TRAIN
// RUN: bs-opt %s -p 'net-select{mode=train criterion=se}' | filecheck %s --check-prefix=NAMED
// RUN: bs-opt %s -p 'net-select{mode=train traced=n,ce}' | filecheck %s --check-prefix=TRACED
// RUN: bs-opt %s -p 'net-select{mode=test}' | filecheck %s --check-prefix=TEST
// RUN: bs-opt %s -p 'net-select{mode=write outputs=n,W}' | filecheck %s --check-prefix=WRITE
// RUN: bs-opt %s -p 'net-select{mode=precompute}' | filecheck %s --check-prefix=MEAN
// RUN: not bs-opt %s -p 'net-select{mode=write outputs=nn}' 2>&1 | filecheck %s --check-prefix=NONE

// TRAIN-NOT: @other
// TRAIN: net.state @m : !net.t<[3], f32> {role = "statistic", of = "Mean"}
// TRAIN: %m = net.read @m
// TRAIN-NOT: net.softmax
// TRAIN-NOT: net.square_error
// TRAIN: net.roots criterion(%ce), evaluation(%errs)
// NAMED: net.roots criterion(%se), evaluation(%errs, %ce)
// TRACED: net.roots criterion(%ce), evaluation(%errs), output(%n, %ce)
// TEST: net.roots criterion(%ce, %se), evaluation(%errs)
// WRITE-NOT: net.input "y"
// WRITE: net.roots output(%n, %w)
// MEAN: net.network
// MEAN-NEXT: net.input "x"
// MEAN-NEXT: net.mean
// MEAN-NEXT: net.roots output(%m)
// NONE: error[BS0410]: there is no node 'nn' in the network
// NONE: help: did you mean 'n'?
builtin.module {
  net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 1}
  net.parameter @other : !net.t<[1], f32> {init = "constant", value = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %y = net.input "y" : !net.t<[2], f32, @"*">
    %w = net.read @W : !net.t<[2 x 3], f32>
    %o = net.read @other : !net.t<[1], f32>
    %m = net.mean %x {node = "m"} : !net.t<[3], f32>
    %n = net.minus %x, %m {node = "n"} : !net.t<[3], f32, @"*">
    %z = net.times %w, %n {node = "z"} : !net.t<[2], f32, @"*">
    %p = net.softmax %z {node = "p"} : !net.t<[2], f32, @"*">
    %ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : !net.t<[1], f32>
    %se = net.square_error %y, %z {node = "se"} : !net.t<[1], f32>
    %errs = net.classification_error %y, %z {node = "errs"} : !net.t<[1], f32>
    %extra = net.plus %o, %o {node = "extra"} : !net.t<[1], f32>
    net.roots feature(%x), label(%y), criterion(%ce, %se), evaluation(%errs, %ce), output(%p)
  }
}
