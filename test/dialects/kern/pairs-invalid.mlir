// What the verifier refuses of pairs and tile registers.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

kern.func @order(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %a = kern.load %x[%n] : vector<16xf32>
  // expected-error@+1 {{the order is along or across}}
  %p = kern.round_pairs "down" %a, %a : vector<16xf32>, vector<16xf32> to vector<16xi32>
  kern.return
}

// -----

kern.func @lanes(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %a = kern.load %x[%n] : vector<16xf32>
  // expected-error@+1 {{two vectors of 16 lanes make a vector of 16 pairs}}
  %p = kern.round_pairs "along" %a, %a : vector<16xf32>, vector<16xf32> to vector<8xi32>
  kern.return
}

// -----

kern.func @doubles(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<1, 8, vector<8xf64>>
  // expected-error@+1 {{products of pairs are summed in vectors of 16 x f32}}
  %t = kern.tile_multiply %z, %x row 9 step %nt, %x pitch %n, depth %n unroll 2 pairs : !kern.tile<1, 8, vector<8xf64>>
  kern.return
}

// -----

kern.func @numbers(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // expected-error@+1 {{there are 8 tile registers}}
  kern.amx_multiply 0, 4, 8
  kern.return
}
