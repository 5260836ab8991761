"""ReDial (Li et al. 2018): does the assistant recommend what a human recommended next in a real conversation?"""
